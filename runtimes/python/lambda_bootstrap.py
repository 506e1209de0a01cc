"""The entry of the Python runtime: `python3 -S lambda_bootstrap.py`.

All code is in the package beside this file, because Python keeps compiled packages but compiles its
main script anew at every start.
"""

from lamb_runtime import loop

loop.main()
