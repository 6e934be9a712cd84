(function () {
  "use strict";

  // Learning curves: show the chosen currency only.
  const panels = document.querySelectorAll("[data-currency]");
  const choices = document.querySelectorAll("input[name=currency]");
  function showCurrency() {
    for (const choice of choices) {
      if (!choice.checked) continue;
      for (const panel of panels) panel.hidden = panel.dataset.currency !== choice.value;
    }
  }
  for (const choice of choices) choice.addEventListener("change", showCurrency);
  showCurrency();

  // Games.
  const games = JSON.parse(document.getElementById("game-data").textContent);
  const viewer = document.querySelector(".viewer");
  if (!games.length) return;
  const stones = viewer.querySelector(".stones");
  const slider = viewer.querySelector("input[type=range]");
  const select = viewer.querySelector("select");
  const list = viewer.querySelector(".moves");
  const status = viewer.querySelector(".status");
  const link = viewer.querySelector(".sgf");
  let game, boards, at;

  // The contents of all points after each move, from the changes that the engine worked out.
  function replay(changes, size) {
    const all = [new Int8Array(size * size)];
    for (const change of changes) {
      const board = all[all.length - 1].slice();
      for (let i = 0; i < change.length; i += 2) board[change[i]] = change[i + 1];
      all.push(board);
    }
    return all;
  }

  function circle(kind, point, radius) {
    const shape = document.createElementNS(stones.namespaceURI, "circle");
    shape.setAttribute("class", kind);
    shape.setAttribute("cx", 15 + 10 * (point % game.size));
    shape.setAttribute("cy", 15 + 10 * Math.floor(point / game.size));
    shape.setAttribute("r", radius);
    stones.append(shape);
  }

  function show(ply) {
    at = Math.max(0, Math.min(game.moves.length, ply));
    const board = boards[at];
    stones.replaceChildren();
    board.forEach(function (stone, point) {
      if (stone) circle(stone > 0 ? "black" : "white", point, 4.6);
    });
    const last = at ? game.points[at - 1] : -1;
    // A suicide leaves no stone to mark.
    if (last >= 0 && last < board.length && board[last]) {
      circle("last " + (board[last] > 0 ? "black" : "white"), last, 2);
    }
    slider.value = at;
    let text = "Move " + at + " of " + game.moves.length;
    if (at) text += ": " + (at % 2 ? "Black " : "White ") + game.moves[at - 1];
    if (at && at <= game.opening) text += " (random opening)";
    if (at === game.moves.length) text += " – end, " + game.result;
    status.textContent = text;
    slider.setAttribute("aria-valuetext", text);
    stones.ownerSVGElement.setAttribute("aria-label", text);
    for (const item of list.querySelectorAll(".now")) item.classList.remove("now");
    const item = list.children[at - 1];
    if (item) {
      item.classList.add("now");
      // Not scrollIntoView, which would scroll the page as well.
      const top = item.offsetTop - list.offsetTop;
      if (top < list.scrollTop || top + item.offsetHeight > list.scrollTop + list.clientHeight) {
        list.scrollTop = top - list.clientHeight / 2;
      }
    } else {
      list.scrollTop = 0;
    }
  }

  function choose(number) {
    game = games[number];
    boards = replay(game.changes, game.size);
    for (const field of viewer.querySelectorAll("[data-field]")) {
      field.textContent = game[field.dataset.field];
    }
    list.replaceChildren(...game.moves.map(function (name, ply) {
      const item = document.createElement("li");
      item.textContent = name;
      if (ply < game.opening) item.className = "opening";
      return item;
    }));
    link.href = "data:application/x-go-sgf;base64," + game.sgf;
    link.download = "game-" + (number + 1) + ".sgf";
    slider.max = game.moves.length;
    show(game.moves.length);
  }

  const steps = {
    first: () => 0, previous: () => at - 1, next: () => at + 1, last: () => game.moves.length
  };
  const keys = { Home: "first", ArrowLeft: "previous", ArrowRight: "next", End: "last" };
  for (const button of viewer.querySelectorAll("[data-go]")) {
    button.addEventListener("click", () => show(steps[button.dataset.go]()));
  }
  slider.addEventListener("input", () => show(Number(slider.value)));
  select.addEventListener("change", () => choose(Number(select.value)));
  list.addEventListener("click", function (event) {
    const index = Array.prototype.indexOf.call(list.children, event.target.closest("li"));
    if (index >= 0) show(index + 1);
  });
  viewer.addEventListener("keydown", function (event) {
    // The slider and the select have their own use for these keys.
    if (event.target === select || event.target === slider || !(event.key in keys)) return;
    event.preventDefault();
    show(steps[keys[event.key]]());
  });
  choose(Number(select.value) || 0);
})();
