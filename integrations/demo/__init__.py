"""`make demo`: the whole of Trunkline on this machine, with a made-up merchant.

The route: keys -> migrations -> sandboxes and web server -> people, merchant, connections -> first syncs -> worker
cluster -> flows -> wait until Ctrl-C, then stop what was started. What a second run needs to take up where this one left
is in `VAR_DIR/demo.json`.
"""
