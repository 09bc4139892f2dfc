/* A layer between a program and the system's calls on files, loaded with LD_PRELOAD.
 *
 * It records every call that changes files below one directory, in the order in which they take effect, and lets it
 * through, or makes it fail. What it needs to know comes from the environment:
 *
 *   ERRATA_FAULT_ROOT    the directory, absolute, no link in it; without it the layer does nothing
 *   ERRATA_FAULT_TRACE   the file that records are appended to, outside of that directory
 *   ERRATA_FAULT_AT      the number, from 1, of the first call that goes wrong
 *   ERRATA_FAULT_COUNT   how many calls in a row go wrong: 1 if it is missing, all from there on if it is 0
 *   ERRATA_FAULT_MODE    how they go wrong: fail, late, short, kill (see enum fault_mode)
 *   ERRATA_FAULT_ERROR   the errno value of a call that goes wrong
 *
 * Files are told apart by their inode numbers, so a descriptor may be copied. Writes through a map are not seen:
 * LMDB's lock.mdb and SQLite's -shm are written so, and neither holds anything that outlives the process.
 * A file called `marks` in the directory is the program's own: its writes are recorded, and never go wrong.
 */
#ifndef C_ERRATA_FAULT_LAYER_H
#define C_ERRATA_FAULT_LAYER_H

#include <stdint.h>

enum fault_kind {
    FAULT_OPEN = 1, /* path; creates the name if it is not there */
    FAULT_WRITE,    /* the bytes that were written, at `offset` */
    FAULT_TRUNCATE, /* `offset` is the new size */
    FAULT_SYNC,     /* fsync or fdatasync, of a file or a directory */
    FAULT_RENAME,   /* both paths */
    FAULT_UNLINK,   /* path */
    FAULT_MKDIR,    /* path */
    FAULT_RMDIR,    /* path */
};

/* Flags of a record. */
enum {
    FAULT_IS_DIRECTORY = 1, /* of open */
    FAULT_TRUNCATES = 2,    /* of open: it empties the file */
    FAULT_IS_DURABLE = 4,   /* of write: through a descriptor with O_DSYNC */
};

enum fault_mode {
    FAULT_MODE_FAIL = 1, /* nothing happens and the error is returned */
    FAULT_MODE_LATE,     /* the call takes effect and the error is returned all the same */
    FAULT_MODE_SHORT,    /* a write takes half of the bytes and says so; other calls fail */
    FAULT_MODE_KILL,     /* the call takes effect, not durably, and the process is killed in it */
};

/* One record of the trace, in the machine's byte order; paths are below the directory. */
struct fault_record {
    uint8_t kind;
    uint8_t flags;
    uint16_t reserved;
    int32_t error; /* what the caller was told, 0 for success */
    uint64_t inode;
    uint64_t offset;
    uint32_t first_count;  /* bytes that follow: data or a path */
    uint32_t second_count; /* bytes that follow those: the other path of a rename */
};

#endif
