"""One pygame window for all environments of a process that show their games to a person."""

from __future__ import annotations

import math
import os
import weakref
from typing import Any

import gymnasium

from goenv.raster import load_pygame

# pygame 2 has one window a process, so the boards of several environments stand side by side in it.
# Who forgets to close an environment does not keep its board on the screen.
_shown: weakref.WeakValueDictionary[int, Window] = weakref.WeakValueDictionary()


class Window:
    """The place of one environment in the window, which opens with the first picture.

    If the person closes the window, all environments go on without it.

    Args:
        fps: pictures a second at most; `show` waits that long.

    Attributes:
        dismissed: whether the person has closed the window.
    """

    def __init__(self, fps: float):
        self.dismissed = False
        self._fps = fps
        self._picture: Any = None
        self._clock: Any = None

    def show(self, picture: Any) -> None:
        """Put a picture, a pygame surface, in place of the one before, and take in events.

        Raises:
            gymnasium.error.Error: there is no screen.
        """
        pygame = load_pygame()
        if self.dismissed:
            return
        self._picture = picture
        _shown[id(self)] = self
        _paint(pygame)
        # Taking all events keeps the queue short; the others mean nothing to a picture.
        if any(event.type == pygame.QUIT for event in pygame.event.get()):
            for window in list(_shown.values()):
                window.dismissed = True
            _shown.clear()
            pygame.display.quit()
            gymnasium.logger.warn("the window was closed; the game goes on without it")
            return
        if self._clock is None:
            self._clock = pygame.time.Clock()
        self._clock.tick(self._fps)

    def close(self) -> None:
        """Take the picture off; the window closes with the last one. May be called again."""
        if _shown.pop(id(self), None) is None:
            return
        pygame = load_pygame()
        if not pygame.display.get_init():  # somebody else has closed it
            return
        if _shown:
            _paint(pygame)
        else:
            pygame.display.quit()


def _paint(pygame: Any) -> None:
    """Put all pictures on the screen, in rows, as near to a square as they come."""
    pictures = [window._picture for window in list(_shown.values())]
    columns = math.ceil(math.sqrt(len(pictures)))
    width = max(picture.get_width() for picture in pictures)
    height = max(picture.get_height() for picture in pictures)
    size = (columns * width, math.ceil(len(pictures) / columns) * height)
    try:
        pygame.display.init()
        screen = pygame.display.get_surface()
        if screen is None or screen.get_size() != size:
            screen = pygame.display.set_mode(size)
            pygame.display.set_caption("Go")
            unseen = pygame.display.get_driver() in ("dummy", "offscreen")
            if unseen and "SDL_VIDEODRIVER" not in os.environ:
                gymnasium.logger.warn(
                    "render_mode 'human' found no screen and draws where nobody sees it; use "
                    "'rgb_array' where there is none"
                )
    except pygame.error as error:
        _shown.clear()
        raise gymnasium.error.Error(
            f"render_mode 'human' found no screen ({error}); use 'rgb_array' where there is none"
        ) from error
    screen.fill((40, 36, 30))
    for index, picture in enumerate(pictures):
        row, column = divmod(index, columns)
        screen.blit(picture, (column * width, row * height))
    pygame.display.flip()
