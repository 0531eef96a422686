"""Torture of the way out: edits on both sides, a source that misbehaves, and a worker that is killed again and again.

The route: `running` opens a sandbox and a merchant, forks workers (`nursery`) and kills them while `editing` changes
both sides -> everything is left to come to rest -> `checking` compares the sandbox's journal with what was
intended. It counts writes that were lost, doubled, wrong or needless.
"""
