"""Finished reports, kept as they were on the day they were made.

    outputs/snapshots/
        3f/3f9c0e….json    manifests: what was asked, by whom, when, and what came of it
        a1/a1b2c3….html    the executed notebook, each rendering of it, the rows of its tables
        gone/3f9c0e….json  tombstones: what was deleted on purpose, when, by whom and why
        tmp/               files still being written

The law: *A file's name is the SHA-256 of its bytes. A file is written once and never changed.
A snapshot's name is that of its manifest, which lists every file by its name.*

So `sha256sum` alone can check the whole store; what does not match its name is never served. Each
manifest holds 128 random bits: no two runs share an id, and none can be worked out from the data.
Order: bytes first, manifest after them, database row last; tombstone first, bytes last. The
database only indexes the store and can be rebuilt from it, except for the links.

What is not promised: that nobody with write access to the folder deletes files, and, where two
machines share the folder, that its file system honours `flock` between them.

    store       bytes by name             seal       all files of a snapshot, or none
    manifest    what a snapshot says      removal    deletion, and files that no snapshot needs
    index       the database's copy       tombstone  what remains of a deleted snapshot
    links       who may look, how long    verify     is every byte what its name says?
"""
