"""Players that do not learn, and the means to let players meet: agents, arena, ratings."""
