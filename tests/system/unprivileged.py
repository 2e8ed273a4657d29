"""The command without root's rights: `python -m tests.system.unprivileged UID WORDS...`.

The modules are imported first: an uid without rights may not be able to read them where they lie.
"""

import importlib
import os
import pkgutil
import sys

import runtime.cli
import runtime.roles
from runtime.cli.main import main

if __name__ == "__main__":
    uid = int(sys.argv.pop(1))
    for package in (runtime.cli, runtime.roles):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    main()
