"""What checks with a client that others wrote share: its Python, and a manager to talk to."""
import importlib.util
import os
import sys

from manager import Home

# Where tests/requirements.txt is installed; tools/test sees to it.
PYTHON = "BDAAS_TEST_PYTHON"
SKIPPED = 77


def in_python_with(module):
    """Goes on in the Python of the tests, whose versions are pinned, whatever this one has. False:
    it has no such module."""
    python = os.environ.pop(PYTHON, None)
    if python is not None:
        os.execv(python, [python, *sys.argv])
    if importlib.util.find_spec(module) is not None:
        return True
    print(f"skipped: {sys.executable} has no {module}; tools/test installs it")
    return False


def against_manager(bdaas, check):
    """The exit code: 0 if check(home) is true, and the manager ended well and left nothing."""
    home = Home(bdaas.resolve())
    manager = home.serve("--port", "0")
    try:
        fine = check(home)
        if manager.poll() is not None:
            print(f"bdaas serve ended with {manager.returncode} during the check")
            fine = False
    finally:
        print(home.log())
        left = home.end()
    if left:
        print(f"left behind: {left}")
    return 0 if fine and manager.wait(60) == 0 and not left else 1
