#define _GNU_SOURCE
#include "CErrataSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

int errata_peer_of_socket(int socket, struct errata_peer *peer) {
    struct sockaddr_storage address;
    socklen_t address_size = sizeof address;
    if (getsockname(socket, (struct sockaddr *)&address, &address_size) != 0) return errno;
    // On other families SO_PEERCRED succeeds and says nothing true.
    if (address.ss_family != AF_UNIX) return EAFNOSUPPORT;

    struct ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return errno;
    peer->uid = credentials.uid;
    peer->gid = credentials.gid;
    peer->pid = credentials.pid;
    return 0;
}

int errata_peer_groups(int socket, gid_t *groups, int capacity) {
    socklen_t size = (socklen_t)((size_t)capacity * sizeof(gid_t));
    if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups, &size) != 0 && errno != ERANGE) {
        return -errno;
    }
    return (int)(size / sizeof(gid_t));
}

int errata_is_network_file_system(const char *path) {
    struct statfs info;
    if (statfs(path, &info) != 0) return -errno;
    switch ((uint32_t)info.f_type) {
    case 0x6969u:      // NFS_SUPER_MAGIC
    case 0x517Bu:      // SMB_SUPER_MAGIC
    case 0xFF534D42u:  // CIFS_MAGIC_NUMBER
    case 0xFE534D42u:  // SMB2_MAGIC_NUMBER
    case 0x00C36400u:  // CEPH_SUPER_MAGIC
    case 0x5346414Fu:  // AFS_SUPER_MAGIC
    case 0x01021997u:  // V9FS_MAGIC
    case 0x65735546u:  // FUSE_SUPER_MAGIC
        return 1;
    default:
        return 0;
    }
}

static int fill_address(const char *path, struct sockaddr_un *address, socklen_t *size) {
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof address->sun_path) return ENAMETOOLONG;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, length);
    // An abstract name begins with a zero byte and is not ended by one.
    int is_abstract = path[0] == '@';
    if (is_abstract) address->sun_path[0] = 0;
    *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (is_abstract ? 0 : 1));
    return 0;
}

int errata_connect(const char *path, int timeout_milliseconds) {
    struct sockaddr_un address;
    socklen_t size;
    int error = fill_address(path, &address, &size);
    if (error != 0) return -error;
    int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0) return -errno;
    // While the backlog is full, connect waits as long as a send would.
    struct timeval limit = {timeout_milliseconds / 1000, timeout_milliseconds % 1000 * 1000};
    setsockopt(file, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    while (connect(file, (struct sockaddr *)&address, size) != 0) {
        if (errno == EINTR) continue;
        error = errno;
        close(file);
        return -error;
    }
    return file;
}

int errata_notify(const char *path, const char *text) {
    struct sockaddr_un address;
    socklen_t size;
    int error = fill_address(path, &address, &size);
    if (error != 0) return error;
    int file = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (file < 0) return errno;
    ssize_t sent = sendto(file, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&address, size);
    error = sent < 0 ? errno : 0;
    close(file);
    return error;
}

static int spawn(const char *program, char *const *arguments, char *const *environment, int input,
                 int output, pid_t *pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) return error;
    error = posix_spawnattr_init(&attributes);
    if (error != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return error;
    }
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if ((error = posix_spawn_file_actions_adddup2(&actions, input, 0)) == 0 &&
        (error = posix_spawn_file_actions_adddup2(&actions, output, 1)) == 0 &&
        (error = posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)) == 0 &&
        (error = posix_spawn_file_actions_addclosefrom_np(&actions, 3)) == 0) {
        error = posix_spawn(pid, program, &actions, &attributes, arguments,
                            environment ? environment : environ);
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

pid_t errata_spawn(const char *program, char *const *arguments, char *const *environment,
                   int *input, int *output) {
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) != 0) return -errno;
    if (pipe2(out, O_CLOEXEC) != 0) {
        int error = errno;
        close(in[0]);
        close(in[1]);
        return -error;
    }
    pid_t pid;
    int error = spawn(program, arguments, environment, in[0], out[1], &pid);
    close(in[0]);
    close(out[1]);
    if (error != 0) {
        close(in[1]);
        close(out[0]);
        return -error;
    }
    *input = in[1];
    *output = out[0];
    return pid;
}

void errata_confine(unsigned cpu_seconds, uint64_t memory_bytes) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    struct rlimit cpu = {cpu_seconds, cpu_seconds + 1};
    setrlimit(RLIMIT_CPU, &cpu);
    // Private memory that can be written; code and mapped files do not count.
    struct rlimit memory = {memory_bytes, memory_bytes};
    setrlimit(RLIMIT_DATA, &memory);
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    // A write past the limit is an error then, and not the end.
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &none);
}

int errata_write_out(int file, int64_t offset, int64_t count) {
    unsigned flags = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    return sync_file_range(file, offset, count, flags) == 0 ? 0 : errno;
}
