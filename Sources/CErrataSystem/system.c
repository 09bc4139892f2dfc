#define _GNU_SOURCE
#include "CErrataSystem.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/vfs.h>

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
