#ifndef CERRATASYSTEM_H
#define CERRATASYSTEM_H

// The C that Swift cannot import: struct ucred hides behind _GNU_SOURCE, and statfs's magic numbers are macros.

#include <stdint.h>
#include <sys/types.h>

/// What the kernel says of the process at the other end of a Unix socket.
struct errata_peer {
    uid_t uid;
    gid_t gid;
    pid_t pid;
};

/// Fills `peer` from SO_PEERCRED; returns 0, or an errno value (EAFNOSUPPORT for a socket that is not a Unix socket).
int errata_peer_of_socket(int socket, struct errata_peer *peer);

/// Writes up to `capacity` supplementary groups of the peer (SO_PEERGROUPS) to `groups`.
///
/// Returns how many the peer has, which may be more than `capacity`, or minus an errno value.
int errata_peer_groups(int socket, gid_t *groups, int capacity);

/// Returns 1 if `path` lies on a network or FUSE file system, 0 if not, minus an errno value if the kernel will not say.
int errata_is_network_file_system(const char *path);

/// Connects to the Unix socket at `path`; returns its file descriptor, or minus an errno value (EAGAIN: the backlog
/// stayed full for `timeout_milliseconds`).
///
/// `sockaddr_un` holds its path in a tuple of 108 in Swift, hence the C. A leading `@` means an abstract name.
int errata_connect(const char *path, int timeout_milliseconds);

/// Starts `program` with `arguments` (the last is null) and two pipes: its standard input, which can be written to at
/// `*input`, and its standard output, which can be read at `*output`. Its standard error is /dev/null.
///
/// Its environment is `environment` (the last is null), or that of this process for null. It inherits nothing else: no
/// other file, no signal that is ignored or blocked. Returns its pid, or minus an errno value. pipe2 and the closing of all other files hide behind _GNU_SOURCE, hence the C.
pid_t errata_spawn(const char *program, char *const *arguments, char *const *environment,
                   int *input, int *output);

/// Sends `text` as one datagram to the Unix socket at `path`; returns 0 or an errno value.
int errata_notify(const char *path, const char *text);

/// Gives this process so much CPU time and so much memory, no file to write and no life beyond its parent's.
///
/// For a process that runs what somebody else wrote. What the kernel refuses is left as it is.
void errata_confine(unsigned cpu_seconds, uint64_t memory_bytes);

/// Has the system write what it holds of so many bytes of a file from `offset` on, and waits for that.
///
/// Not a sync: it promises nothing after a power cut. Returns 0 or an errno value.
int errata_write_out(int file, int64_t offset, int64_t count);

#endif
