"""The compiled core: tar bytes to entries, layers to one image tree, sums over the tree.

Every module here is typed Python that mypyc compiles and that runs uncompiled with the same
results. No I/O but reading, no logging, no global state, no recursion, calls of about 10 ms.
"""
