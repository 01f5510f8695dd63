"""`lehr design`: a local page on which a schedule is shaped with the mouse or the keyboard.

The page draws and sends what the user did; the schedule is built, checked and written here. Nothing that is typed is
evaluated, and the server listens on this machine alone.
"""

from .server import app as app
from .server import serve as serve
