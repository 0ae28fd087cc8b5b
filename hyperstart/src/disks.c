#define _GNU_SOURCE
#include "disks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"
#include "tree.h"

enum { MAX_LAYERS = 255 };

// EXT4_IOC_RESIZE_FS, which no header of the kernel has.
#define EXT4_RESIZE _IOW('f', 16, uint64_t)

static struct mounted {
    uint64_t offset, length;
    bool mounted;
} layers[MAX_LAYERS + 1];  // index: number of the partition
static char layers_disk[32];
static bool scratch_tried, scratch_mounted, scratch_quotas;
static char scratch_device[64];

// The volumes that have a disk of their own, for the end.
static struct place {
    struct place *next;
    char path[256];
} *places;

static bool attribute(const char *disk, const char *name, char *to, size_t size) {
    char path[128];
    snprintf(path, sizeof path, "/sys/block/%s/%s", disk, name);
    if (read_text(path, to, size) <= 0) return false;
    to[strcspn(to, "\n ")] = 0;
    return true;
}

enum { EITHER = 2 };

// By serial number; failing that, and when it is known whether it can be written, the first virtio disk of that kind in order of name, for
// hypervisors that give no serial.
static bool find_disk(const char *serial, int read_only, char *name, size_t size) {
    name[0] = 0;
    DIR *dir = opendir("/sys/block");
    if (!dir) return false;
    struct dirent *e;
    bool found = false;
    while (!found && (e = readdir(dir))) {
        char value[64];
        if (e->d_name[0] == '.' || strlen(e->d_name) >= size) continue;
        if (attribute(e->d_name, "serial", value, sizeof value) && value[0]) {
            found = !strcmp(value, serial);
        } else if (!strncmp(e->d_name, "vd", 2) && attribute(e->d_name, "ro", value, sizeof value) && value[0] - '0' == read_only) {
            if (!name[0] || strcmp(e->d_name, name) < 0) strcpy(name, e->d_name);
        }
        if (found) strcpy(name, e->d_name);
    }
    closedir(dir);
    return name[0];
}

// As its superblock says: asked for without being there, they refuse the mount.
static bool has_quotas(const char *device) {
    enum { READ_ONLY_FEATURES = 1024 + 0x64, PROJECT = 0x2000 };
    uint8_t features[4] = {0};
    int disk = open(device, O_RDONLY | O_CLOEXEC);
    bool read_all = disk >= 0 && pread(disk, features, sizeof features, READ_ONLY_FEATURES) == sizeof features;
    if (disk >= 0) close(disk);
    return read_all && (features[0] | features[1] << 8) & PROJECT;
}

bool disk_scratch_present(void) { return scratch_mounted; }

// The host made it of a file of holes, so its tables of inodes are zero already. A kernel that writes them once more, group by group, is busy with that
// for the first seconds of every pod. A kernel that does not know the words for it is one that would.
static bool mount_scratch(const char *device) {
    static const char *const words[] = {"noinit_itable,no_prefetch_block_bitmaps", "noinit_itable", ""};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char options[64];
        snprintf(options, sizeof options, "%s%s", scratch_quotas ? "prjquota," : "", words[i]);
        if (mount(device, RUN "/scratch", "ext4", MS_NOATIME, options) == 0) return true;
        if (errno != EINVAL) return false;
    }
    return false;
}

bool disk_scratch_mount(struct failure *f) {
    if (scratch_tried) return true;
    char name[32], path[64];
    make_folders(RUN "/scratch", 0755);
    if (!find_disk("scratch", false, name, sizeof name)) {
        scratch_tried = true;  // writable layers then live in memory
        return true;
    }
    snprintf(path, sizeof path, "/dev/%s", name);
    scratch_quotas = has_quotas(path);
    if (!mount_scratch(path))
        return fail_errno(f, "mount-scratch", "mounting the scratch disk %s as ext4 failed", path);
    snprintf(scratch_device, sizeof scratch_device, "%s", path);
    scratch_tried = scratch_mounted = true;
    return true;
}

bool disk_scratch_limit(const char *path, uint64_t bytes, struct failure *f) {
    static uint32_t projects;
    if (!scratch_quotas) return fail(f, EOPNOTSUPP, "volume", "the scratch disk has no quotas, so %.200s cannot be limited", path);
    struct fsxattr attributes = {0};
    // In units of 1 KiB, whatever the file system's blocks are.
    struct if_dqblk limits = {.dqb_bhardlimit = (bytes + 1023) / 1024, .dqb_valid = QIF_BLIMITS};
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = folder >= 0 && ioctl(folder, FS_IOC_FSGETXATTR, &attributes) == 0;
    attributes.fsx_projid = ++projects;
    attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
    good = good && syscall(SYS_quotactl, QCMD(Q_SETQUOTA, PRJQUOTA), scratch_device, projects, &limits) == 0 && ioctl(folder, FS_IOC_FSSETXATTR, &attributes) == 0;
    if (!good) fail_errno(f, "volume", "limiting %.200s to %llu bytes failed", path, (unsigned long long)bytes);
    if (folder >= 0) close(folder);
    return good;
}

enum { LEARN_TRIES = 5000, LEARN_MICROS = 1000 };

// The hypervisor has told the kernel of a disk's new size before the host asks for anything, but the kernel takes it in at its leisure.
static bool await_size(int disk, uint64_t bytes, uint64_t *size) {
    int tries = 0;
    while (ioctl(disk, BLKGETSIZE64, size) == 0 && *size < bytes && tries++ < LEARN_TRIES) usleep(LEARN_MICROS);
    return *size >= bytes;
}

// A file system on a disk that was made larger; nothing happens on one that was not.
static bool grow(const char *device, const char *place, uint64_t bytes, struct failure *f) {
    int disk = open(device, O_RDONLY | O_CLOEXEC), folder = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct statfs fs;
    uint64_t size = 0, blocks;
    bool good = disk >= 0 && folder >= 0 && fstatfs(folder, &fs) == 0;
    if (!good) fail_errno(f, "grow", "looking at %s, mounted at %.200s, failed", device, place);
    if (good && !await_size(disk, bytes, &size)) good = fail(f, ETIMEDOUT, "grow", "%s has %llu bytes, not %llu", device, (unsigned long long)size, (unsigned long long)bytes);
    if (good && (blocks = size / (uint64_t)fs.f_bsize, ioctl(folder, EXT4_RESIZE, &blocks) < 0))
        good = fail_errno(f, "grow", "growing the file system on %s to %llu bytes failed", device, (unsigned long long)size);
    if (disk >= 0) close(disk);
    if (folder >= 0) close(folder);
    return good;
}

bool disk_volume_grow(const char *serial, const char *path, uint64_t bytes, struct failure *f) {
    char name[32], device[64], value[8];
    if (!find_disk(serial, EITHER, name, sizeof name)) return fail(f, ENODEV, "grow", "volume %.128s: there is no disk with that serial", serial);
    if (attribute(name, "ro", value, sizeof value) && value[0] == '1') return fail(f, EROFS, "grow", "volume %.128s: its disk can only be read", serial);
    snprintf(device, sizeof device, "/dev/%s", name);
    return grow(device, path, bytes, f);
}

bool disk_volume_mount(const char *serial, const char *path, struct failure *f) {
    char name[32], device[64], value[8];
    if (!find_disk(serial, EITHER, name, sizeof name)) return fail(f, ENODEV, "volume", "volume %.128s: there is no disk with that serial", serial);
    snprintf(device, sizeof device, "/dev/%s", name);
    bool read_only = attribute(name, "ro", value, sizeof value) && value[0] == '1';
    if (mount(device, path, "ext4", MS_NOATIME | (read_only ? MS_RDONLY : 0), NULL) < 0)
        return fail_errno(f, "volume", "volume %.128s: mounting its disk as ext4%s failed", serial, read_only ? ", for reading only," : "");
    // What does not grow is what it was; the host is told when it asks for more.
    struct failure as_it_was;
    if (!read_only && !grow(device, path, 0, &as_it_was)) complain("%s", as_it_was.text);
    struct place *p = must_alloc(sizeof *p);
    snprintf(p->path, sizeof p->path, "%s", path);
    p->next = places;
    places = p;
    return true;
}

static uint32_t given_group;

static int give(const char *path, const struct stat *st, int flag, struct FTW *at) {
    (void)at;
    if (lchown(path, (uid_t)-1, given_group) < 0) return -1;
    if (flag == FTW_SL) return 0;
    // After the owner, as changing that takes away what runs as another.
    return chmod(path, (st->st_mode & 07777) | (S_ISDIR(st->st_mode) ? 02770 : 0660));
}

bool disk_volume_group(const char *path, uint32_t group, bool keep, struct failure *f) {
    struct statvfs fs;
    struct stat st;
    if (statvfs(path, &fs) < 0 || stat(path, &st) < 0) return fail_errno(f, "volume", "looking at %.200s failed", path);
    if (fs.f_flag & ST_RDONLY || (keep && st.st_gid == group && (st.st_mode & 02770) == 02770)) return true;
    given_group = group;
    // The root last: with `keep` it says that all below it is done.
    if (nftw(path, give, 32, FTW_PHYS | FTW_MOUNT | FTW_DEPTH) != 0) return fail_errno(f, "volume", "giving %.200s to group %u failed", path, group);
    return true;
}

// Read-only first, for all who have it mounted: so the disk is clean although somebody may hold on to the mount.
static void unmount(const char *path) {
    mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL);
    umount2(path, 0);
}

void disks_unmount(void) {
    sync();
    for (struct place *p = places; p; p = p->next) unmount(p->path);
    if (scratch_mounted) unmount(RUN "/scratch");
}

static int blkpg(int disk, int op, struct blkpg_partition *part) {
    struct blkpg_ioctl_arg arg = {.op = op, .datalen = sizeof *part, .data = part};
    return ioctl(disk, BLKPG, &arg);
}

// A partition table that the kernel believed to see in a tenant's layer must not stand in the way.
static void forget_found_partitions(int disk) {
    for (int i = 1; i <= MAX_LAYERS; i++) {
        struct blkpg_partition part = {.pno = i};
        if (blkpg(disk, BLKPG_DEL_PARTITION, &part) < 0 && i > 16) break;
    }
}

static bool add_partition(const struct layer *layer, unsigned number, struct failure *f) {
    char path[64];
    bool first = !layers_disk[0];
    if (first && !find_disk("layers", true, layers_disk, sizeof layers_disk))
        return fail(f, ENODEV, "layers-disk", "there is no disk with the serial \"layers\" and no read-only virtio disk");
    snprintf(path, sizeof path, "/dev/%s", layers_disk);
    int disk = open(path, O_RDONLY | O_CLOEXEC);
    if (disk < 0) return fail_errno(f, "layers-disk", "opening %s failed", path);
    if (first) forget_found_partitions(disk);
    uint64_t size = 0;
    bool good = true;
    struct blkpg_partition part = {.start = (long long)layer->offset, .length = (long long)layer->length, .pno = (int)number};
    if (ioctl(disk, BLKGETSIZE64, &size) == 0 && layer->offset + layer->length > size)
        good = fail(f, ENXIO, "layers-disk", "the layer at %llu lies beyond the end of %s (%llu bytes)", (unsigned long long)layer->offset, path, (unsigned long long)size);
    else if (blkpg(disk, BLKPG_ADD_PARTITION, &part) < 0)
        good = fail_errno(f, "layers-disk", "making partition %u of %s from %llu+%llu failed", number, path, (unsigned long long)layer->offset, (unsigned long long)layer->length);
    close(disk);
    return good;
}

static void partition_path(unsigned number, char *path, size_t size) {
    char last = layers_disk[strlen(layers_disk) - 1];
    snprintf(path, size, "/dev/%s%s%u", layers_disk, last >= '0' && last <= '9' ? "p" : "", number);
}

bool disk_layer_mount(const struct layer *layer, unsigned *number, struct failure *f) {
    unsigned n = 1;
    while (n <= MAX_LAYERS && layers[n].length && (layers[n].offset != layer->offset || layers[n].length != layer->length)) n++;
    if (n > MAX_LAYERS) return fail(f, ENOSPC, "mount-layer", "a pod can have %d different layers", MAX_LAYERS);
    *number = n;
    if (layers[n].mounted) return true;
    if (!layers[n].length && !add_partition(layer, n, f)) return false;
    layers[n] = (struct mounted){.offset = layer->offset, .length = layer->length};

    char device[64], place[64];
    partition_path(n, device, sizeof device);
    snprintf(place, sizeof place, RUN "/l/%u", n);
    if (make_folders(place, 0755) < 0) return fail_errno(f, "mount-layer", "making %s failed", place);
    const char *type = layer->type[0] ? layer->type : "squashfs";
    // Nothing of it may have been read before the host appended it; should that be wrong, the cache is dropped.
    int fd = open(device, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        ioctl(fd, BLKFLSBUF, 0);
        close(fd);
    }
    if (mount(device, place, type, MS_RDONLY | MS_NOATIME | MS_NODEV, NULL) < 0)
        return fail_errno(f, "mount-layer", "mounting the layer at %llu+%llu (%s) as %s failed", (unsigned long long)layer->offset, (unsigned long long)layer->length, device, type);
    layers[n].mounted = true;
    return true;
}

enum { LET_GO_TRIES = 500, LET_GO_MICROS = 10000 };

// Containers that were removed are still being deleted for a moment, in a process of their own.
static bool unmount_patiently(const char *place) {
    int result, tries = 0;
    while ((result = umount2(place, 0)) < 0 && errno == EBUSY && tries++ < LET_GO_TRIES) usleep(LET_GO_MICROS);
    return result == 0;
}

// What was unmounted is let go of a little later where another namespace had it too. Whoever mounts another disk in its place must not meet it.
static bool let_go(const char *device) {
    int disk, tries = 0;
    while ((disk = open(device, O_RDONLY | O_EXCL | O_CLOEXEC)) < 0 && errno == EBUSY && tries++ < LET_GO_TRIES) usleep(LET_GO_MICROS);
    if (disk < 0) return false;
    ioctl(disk, BLKFLSBUF, 0);
    close(disk);
    return true;
}

static bool forget_scratch(struct failure *f) {
    if (!scratch_mounted) return true;
    if (!unmount_patiently(RUN "/scratch") || !let_go(scratch_device))
        return fail_errno(f, "forget", "giving up the scratch disk %s failed", scratch_device);
    scratch_mounted = scratch_quotas = false;
    return true;
}

static bool forget_layer(unsigned n, int disk, struct failure *f) {
    struct blkpg_partition part = {.pno = (int)n};
    char place[64], device[64];
    snprintf(place, sizeof place, RUN "/l/%u", n);
    partition_path(n, device, sizeof device);
    if ((layers[n].mounted && !unmount_patiently(place)) || !let_go(device) || blkpg(disk, BLKPG_DEL_PARTITION, &part) < 0)
        return fail_errno(f, "forget", "giving up layer %u, %s, failed", n, device);
    layers[n] = (struct mounted){0};
    return true;
}

bool disks_forget(struct failure *f) {
    if (!forget_scratch(f)) return false;
    scratch_tried = false;
    if (!layers_disk[0]) return true;
    char path[64];
    snprintf(path, sizeof path, "/dev/%s", layers_disk);
    int disk = open(path, O_RDONLY | O_CLOEXEC);
    bool good = disk >= 0 || fail_errno(f, "forget", "opening %s failed", path);
    for (unsigned n = 1; good && n <= MAX_LAYERS && layers[n].length; n++) good = forget_layer(n, disk, f);
    if (disk >= 0) close(disk);
    if (good) layers_disk[0] = 0;
    return good;
}
