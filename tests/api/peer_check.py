"""What checks with a client that others wrote share: its Python, and a manager to talk to."""
import importlib.util
import os
import shutil
import sys

from manager import Home

# Where tests/requirements.txt is installed; tools/test sees to it.
PYTHON = os.environ.get("BDAAS_TEST_PYTHON", sys.executable)
SKIPPED = 77


def in_python_with(module):
    """Goes on in the Python of the tests when this one has no such module. False: nor has that."""
    if importlib.util.find_spec(module) is not None:
        return True
    if os.path.abspath(sys.executable) != os.path.abspath(shutil.which(PYTHON) or PYTHON):
        os.execv(PYTHON, [PYTHON, *sys.argv])
    print(f"skipped: {PYTHON} has no {module}; tools/test installs it")
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
