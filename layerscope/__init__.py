"""What is in each layer of a container image, what each layer wastes and why.

The data goes one way, and each stage knows nothing of the one after it::

    reference -> source -> image -> layer index -> image tree -> analysis -> explorer | report

===============  =========================================================================
``core``         tar bytes to entries, entries to one tree with versions, sums over it;
                 compiled by mypyc where a compiler is at hand, the same Python elsewhere
``sources``      where the bytes come from: an engine, an archive file or stream
``index``        drives a source and the core: bounded pieces, progress, cancelling
``reading``      one layer of that, from its first byte to its last or to a stop
``stack``        layers on top of each other as they arrive, for those who do not wait
``analysis``     pure functions from the index to answers: waste, efficiency, changes
``report``       answers as text and JSON; the only writer of standard output
``tui``          the explorer; the only package that imports textual or rich
``cli``          arguments to the branch that runs; imports that branch's modules late
``demo``         the sample image that comes with the package
``state``        what the explorer remembers: archives opened last, the theme
``processors``   how many processors may really be used
``progress``     how far reading has come, for those who read and those who show it
``text``         the boundary that text out of an image passes before anyone sees it
``errors``       the error tree: a sentence, a hint and an exit code each
===============  =========================================================================

Nothing is imported here: every start of the program executes this file.
"""

__version__ = "0.1.0"
