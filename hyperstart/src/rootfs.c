#define _GNU_SOURCE
#include "rootfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disks.h"
#include "log.h"
#include "pod.h"
#include "tar.h"
#include "tree.h"

enum { PLAIN = MS_NOSUID | MS_NODEV | MS_NOEXEC };

void container_root_path(const struct container *c, char *to, size_t size) { snprintf(to, size, RUN "/c/%s", c->spec.id); }

// Mounts the layers and names them as overlay wants it: the topmost first, relative to RUN/l.
static bool mount_layers(const struct list *layers, char *lower, size_t size, struct failure *f) {
    lower[0] = 0;
    for (uint32_t i = layers->count; i-- > 0;) {
        unsigned number;
        if (!disk_layer_mount((struct layer *)layers->items + i, &number, f)) return false;
        size_t n = strlen(lower);
        snprintf(lower + n, size - n, "%s%u", n ? ":" : "", number);
    }
    return true;
}

static void image_path(const struct container *c, uint32_t mount, char *to, size_t size) {
    snprintf(to, size, RUN "/i/%s-%u", c->spec.id, mount);
}

// An image that a container mounts: one layer as it is, several below an overlay that cannot be written.
static bool image_mount(const struct container *c, uint32_t index, struct failure *f) {
    const struct mount_spec *m = (struct mount_spec *)c->spec.mounts.items + index;
    char lower[2048], place[256], options[2100];
    if (!mount_layers(&m->layers, lower, sizeof lower, f)) return false;
    image_path(c, index, place, sizeof place);
    if (make_folders(place, 0755) < 0 || chdir(RUN "/l") < 0) return fail_errno(f, "mount-image", "making %s failed", place);
    snprintf(options, sizeof options, "lowerdir=%s", lower);
    int failed = m->layers.count == 1 ? mount(lower, place, NULL, MS_BIND, NULL) : mount("overlay", place, "overlay", MS_RDONLY, options);
    int error = errno;
    (void)!chdir("/");
    errno = error;
    if (failed < 0) return fail_errno(f, "mount-image", "mounting the image for %.300s failed", m->destination);
    // Told now and not at the start: what is not there will never be.
    int root = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC), below = root < 0 ? -1 : open_inside(root, m->sub_path, O_PATH);
    if (below < 0) fail_errno(f, "mount-image", "the image for %.200s has no \"%.200s\"", m->destination, m->sub_path);
    if (root >= 0) close(root);
    if (below >= 0) close(below);
    return below >= 0;
}

static void images_unmount(const struct container *c) {
    for (uint32_t i = 0; i < c->spec.mounts.count; i++) {
        char place[256];
        if (((struct mount_spec *)c->spec.mounts.items)[i].kind != MOUNT_IMAGE) continue;
        image_path(c, i, place, sizeof place);
        umount2(place, MNT_DETACH);
        rmdir(place);
    }
}

static bool images_mount(const struct container *c, struct failure *f) {
    for (uint32_t i = 0; i < c->spec.mounts.count; i++)
        if (((struct mount_spec *)c->spec.mounts.items)[i].kind == MOUNT_IMAGE && !image_mount(c, i, f)) {
            images_unmount(c);
            return false;
        }
    return true;
}

static bool root_mount(const struct container *c, struct failure *f) {
    char lower[2048], upper[256], work[256], place[256], options[4096];
    if (!mount_layers(&c->spec.layers, lower, sizeof lower, f)) return false;
    snprintf(upper, sizeof upper, RUN "/scratch/c/%s/upper", c->spec.id);
    snprintf(work, sizeof work, RUN "/scratch/c/%s/work", c->spec.id);
    container_root_path(c, place, sizeof place);
    if (make_folders(upper, 0755) < 0) return fail_errno(f, "rootfs", "container %s: making its folders failed", c->spec.id);
    // On a disk that outlived another machine: what that one left here forbids a second volatile mount.
    work[strlen(work) - strlen("/work")] = 0;
    int own = open(work, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (own >= 0) remove_tree(own, "work");
    if (own >= 0) close(own);
    strcat(work, "/work");
    if (make_folders(work, 0755) < 0 || make_folders(place, 0755) < 0)
        return fail_errno(f, "rootfs", "container %s: making its folders failed", c->spec.id);
    // Relative names keep the option string short. What an ephemeral layer was asked to sync dies with the machine anyway.
    if (chdir(RUN "/l") < 0) return fail_errno(f, "rootfs", "entering " RUN "/l failed");
    snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s,workdir=%s,volatile", lower, upper, work);
    int failed = mount("overlay", place, "overlay", 0, options);
    if (failed < 0 && errno == EINVAL) {
        options[strlen(options) - strlen(",volatile")] = 0;
        failed = mount("overlay", place, "overlay", 0, options);
    }
    int error = errno;
    (void)!chdir("/");
    errno = error;
    if (failed < 0) return fail_errno(f, "rootfs", "container %s: mounting its overlay of %u layers failed", c->spec.id, c->spec.layers.count);
    return true;
}

int rootfs_written(const struct container *c, struct failure *f) {
    char upper[256];
    snprintf(upper, sizeof upper, RUN "/scratch/c/%s/upper", c->spec.id);
    int fd = open(upper, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) fail_errno(f, "rootfs", "container %s: opening what it wrote failed", c->spec.id);
    return fd;
}

int rootfs_image(const struct container *c, struct failure *f) {
    char lower[2048], options[2100];
    int root = -1;
    if (!mount_layers(&c->spec.layers, lower, sizeof lower, f)) return -1;
    if (chdir(RUN "/l") < 0) {
        fail_errno(f, "rootfs", "entering " RUN "/l failed");
    } else if (c->spec.layers.count == 1) {
        root = open(lower, O_PATH | O_DIRECTORY | O_CLOEXEC);
    } else {
        // In the way of nobody: the mounts of this process are its own.
        snprintf(options, sizeof options, "lowerdir=%s", lower);
        if (mount("overlay", RUN "/shm", "overlay", MS_RDONLY, options) == 0) root = open(RUN "/shm", O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    if (root < 0 && !f->error) fail_errno(f, "rootfs", "container %s: mounting its image failed", c->spec.id);
    (void)!chdir("/");
    return root;
}

bool rootfs_mount(const struct container *c, struct failure *f) {
    if (!images_mount(c, f)) return false;
    if (root_mount(c, f)) return true;
    images_unmount(c);
    return false;
}

// Deleting what a container wrote may take long, so a child does it; the name is free at once.
static void discard(const char *id) {
    static unsigned number;
    char from[256], name[32], to[256];
    snprintf(from, sizeof from, RUN "/scratch/c/%s", id);
    snprintf(name, sizeof name, "%u", number++);
    snprintf(to, sizeof to, RUN "/scratch/discarded/%s", name);
    make_folders(RUN "/scratch/discarded", 0700);
    if (rename(from, to) < 0) return;
    long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid > 0) return;
    if (pid == 0) syscall(SYS_close_range, 3u, ~0u, 0);  // a pipe held open here would never end
    int fd = open(RUN "/scratch/discarded", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) remove_tree(fd, name);
    if (pid == 0) _exit(0);
    if (fd >= 0) close(fd);
}

void rootfs_unmount(const struct container *c) {
    char place[256];
    container_root_path(c, place, sizeof place);
    umount2(place, MNT_DETACH);
    rmdir(place);
    images_unmount(c);
    discard(c->spec.id);
}

// ---- inside the container's mount namespace, before its root is entered

static bool mount_inside(int root, const char *path, const char *type, unsigned long flags, const char *options, struct failure *f) {
    int target = make_inside(root, path, true, 0755);
    if (target < 0 || mount_on(type, target, type, flags, options) < 0) {
        fail_errno(f, "mount", "mounting %s on %s failed", type, path);
        if (target >= 0) close(target);
        return false;
    }
    close(target);
    return true;
}

static bool bind_inside(int root, const char *source, const char *path, bool folder, unsigned long flags, struct failure *f) {
    int from = open(source, O_PATH | O_CLOEXEC), target = make_inside(root, path, folder, 0644);
    bool good = from >= 0 && target >= 0 && bind_on(from, target, flags) == 0;
    if (!good) fail_errno(f, "mount", "binding %s on %s failed", source, path);
    if (from >= 0) close(from);
    if (target >= 0) close(target);
    return good;
}

static bool made(int result) { return result == 0 || errno == EEXIST; }

static bool make_device(int root, const struct device *d) {
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", d->path);
    char *slash = strrchr(folder, '/');
    *slash = 0;
    int parent = make_inside(root, folder, true, 0755);
    if (parent < 0) return false;
    // As wide as a container's other devices are: who may use it is decided by who was given it.
    bool good = made(mknodat(parent, slash + 1, (d->mode & S_IFMT) | 0666, (dev_t)d->number));
    close(parent);
    return good;
}

static bool make_devices(int root, const struct container *c, struct failure *f) {
    static const struct { const char *name; unsigned minor; } memory[] = {{"null", 3}, {"zero", 5}, {"full", 7}, {"random", 8}, {"urandom", 9}};
    static const char *const links[][2] = {{"/proc/self/fd", "fd"}, {"/proc/self/fd/0", "stdin"}, {"/proc/self/fd/1", "stdout"}, {"/proc/self/fd/2", "stderr"}, {"pts/ptmx", "ptmx"}, {"/proc/kcore", "core"}};
    if (c->spec.privileged) {
        if (!mount_inside(root, "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, NULL, f)) return false;
    } else if (!mount_inside(root, "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755,size=65536k", f)) {
        return false;
    }
    int dev = open_inside(root, "/dev", O_RDONLY | O_DIRECTORY);
    if (dev < 0) return fail_errno(f, "devices", "opening /dev failed");
    mode_t old = umask(0);
    bool good = true;
    // A privileged container has the kernel's own /dev, which all of them share: most is there.
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        good &= made(mknodat(dev, memory[i].name, S_IFCHR | 0666, makedev(1, memory[i].minor)));
    good &= made(mknodat(dev, "tty", S_IFCHR | 0666, makedev(5, 0)));
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (i < 5 || access("/proc/kcore", F_OK) == 0) good &= made(symlinkat(links[i][0], dev, links[i][1]));
    close(dev);
    for (uint32_t i = 0; good && i < c->spec.devices.count; i++) good = make_device(root, (struct device *)c->spec.devices.items + i);
    umask(old);
    return good || fail_errno(f, "devices", "making the devices in /dev failed");
}

static bool mount_system(int root, const struct container *c, struct failure *f) {
    unsigned long read_only = c->spec.privileged ? 0 : MS_RDONLY;
    if (!mount_inside(root, "/proc", "proc", PLAIN, NULL, f) || !make_devices(root, c, f)
        || !mount_inside(root, "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5", f)
        || !bind_inside(root, RUN "/shm", "/dev/shm", true, 0, f) || !mount_inside(root, "/sys", "sysfs", PLAIN | read_only, NULL, f))
        return false;
    struct failure optional;
    mount_inside(root, "/dev/mqueue", "mqueue", PLAIN, NULL, &optional);
    mount_inside(root, "/sys/fs/cgroup", "cgroup2", PLAIN | read_only, NULL, &optional);
    return true;
}

static bool bind_pod_files(int root, struct failure *f) {
    static const char *const files[] = {"resolv.conf", "hosts", "hostname"};
    char from[64], to[64];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(from, sizeof from, RUN "/etc/%s", files[i]);
        snprintf(to, sizeof to, "/etc/%s", files[i]);
        if (!bind_inside(root, from, to, false, 0, f)) return false;
    }
    int id = open_inside(root, "/etc/machine-id", O_PATH);
    if (id >= 0) {
        close(id);
        struct failure optional;
        if (access(RUN "/etc/machine-id", F_OK) == 0) bind_inside(root, RUN "/etc/machine-id", "/etc/machine-id", false, 0, &optional);
    }
    return true;
}

// What a subPath names: what is not there is made with the mode of the volume itself, so whoever may write to that may write here.
static int make_sub_path(int volume, const char *sub_path) {
    struct stat st;
    char prefix[4200], place[40];
    int at = -1;
    if (fstat(volume, &st) < 0) return -1;
    for (const char *end = sub_path + strspn(sub_path, "/"); *end; end += strspn(end, "/")) {
        end += strcspn(end, "/");
        snprintf(prefix, sizeof prefix, "%.*s", (int)(end - sub_path), sub_path);
        if (at >= 0) close(at);
        at = open_inside(volume, prefix, O_PATH);
        if (at < 0 && errno == ENOENT && (at = make_inside(volume, prefix, true, 0755)) >= 0) {
            snprintf(place, sizeof place, "/proc/self/fd/%d", at);
            chmod(place, st.st_mode & 07777);
        }
        if (at < 0) return -1;
    }
    return at;
}

// What a mount of a volume binds: its folder, or what lies below it. -1 with the failure filled.
static int volume_source(const struct mount_spec *m, struct failure *f) {
    uint32_t kind;
    int volume = volume_open(m->volume, &kind);
    if (volume < 0) {
        fail(f, ENOENT, "mount", "mount %.300s: there is no volume \"%.128s\"", m->destination, m->volume);
        return -1;
    }
    if (!m->sub_path[0]) return volume;
    int source = -1;
    char dots[4200];
    snprintf(dots, sizeof dots, "/%s/", m->sub_path);
    if (m->sub_path[0] == '/' || strstr(dots, "/../")) {
        fail(f, EINVAL, "mount", "mount %.200s: subPath \"%.200s\" leads out of the volume", m->destination, m->sub_path);
    } else {
        source = open_inside(volume, m->sub_path, O_PATH);
        if (source < 0 && errno == ENOENT && kind != VOLUME_FILES) source = make_sub_path(volume, m->sub_path);
        if (source < 0) fail_errno(f, "mount", "mount %.200s: opening subPath \"%.200s\" of volume %s failed", m->destination, m->sub_path, m->volume);
    }
    close(volume);
    return source;
}

static int image_source(const struct container *c, uint32_t index, struct failure *f) {
    const struct mount_spec *m = (struct mount_spec *)c->spec.mounts.items + index;
    char place[256];
    image_path(c, index, place, sizeof place);
    int root = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC), source = root < 0 ? -1 : open_inside(root, m->sub_path, O_PATH);
    if (source < 0) fail_errno(f, "mount", "opening \"%.200s\" of the image for %.200s failed", m->sub_path, m->destination);
    if (root >= 0) close(root);
    return source;
}

// ---- the first content of a volume

// Both ends of the copy are archives: owners, modes, links and attributes come along.
static bool copy_folder(int root, const char *from, int volume, const char *name, struct failure *f) {
    int ends[2];
    if (pipe(ends) < 0) return fail_errno(f, "seed", "making a pipe failed");
    pid_t writer = fork();
    if (writer < 0) {
        close(ends[0]);
        close(ends[1]);
        return fail_errno(f, "seed", "forking failed");
    }
    struct failure ignored = {0};
    if (writer == 0) {
        close(ends[0]);
        _exit(tar_write(root, from, name, ends[1], TAR_ALL, &ignored) ? 0 : 1);
    }
    close(ends[1]);
    mode_t mask = umask(0);
    bool good = tar_read(volume, "/", ends[0], true, (struct tar_owner){0}, f);
    umask(mask);
    close(ends[0]);
    int status = 0;
    bool waited = waitpid(writer, &status, 0) == writer;
    if (!good) strcpy(f->step, "seed");
    return good && (waited && status == 0 ? true : fail(f, EIO, "seed", "reading %.300s of the image failed", from));
}

// A volume is filled once: its folder has its name only when all is in it and on the disk.
static bool seed_volume(int root, const struct mount_spec *m, struct failure *f) {
    static const char unfinished[] = ".unfinished";
    int volume = volume_open(m->volume, NULL);
    if (volume < 0) return fail(f, ENOENT, "seed", "mount %.300s: there is no volume \"%.128s\"", m->destination, m->volume);
    struct stat st;
    bool good = fstatat(volume, m->sub_path, &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (!good) {
        remove_tree(volume, unfinished);
        char from[4200];
        // With the slash at its end what a link leads to is copied, not the link.
        snprintf(from, sizeof from, "%s/", m->destination);
        int folder = open_inside(root, from, O_PATH | O_DIRECTORY);
        if (folder >= 0) close(folder);
        good = folder >= 0 ? copy_folder(root, from, volume, unfinished, f)
                           : mkdirat(volume, unfinished, 0755) == 0 || fail_errno(f, "seed", "volume %.128s: making its folder failed", m->volume);
        int disk = good ? open_inside(volume, ".", O_RDONLY | O_DIRECTORY) : -1;
        if (good && (disk < 0 || syncfs(disk) < 0 || renameat(volume, unfinished, volume, m->sub_path) < 0 || syncfs(disk) < 0))
            good = fail_errno(f, "seed", "volume %.128s: keeping what the image has at %.300s failed", m->volume, m->destination);
        if (disk >= 0) close(disk);
    }
    close(volume);
    return good;
}

static bool seed_volumes(int root, const struct container *c, struct failure *f) {
    for (uint32_t i = 0; i < c->spec.mounts.count; i++) {
        const struct mount_spec *m = (struct mount_spec *)c->spec.mounts.items + i;
        if (m->seed && !seed_volume(root, m, f)) return false;
    }
    return true;
}

static bool mount_one(int root, const struct container *c, uint32_t index, struct failure *f) {
    const struct mount_spec *m = (struct mount_spec *)c->spec.mounts.items + index;
    unsigned long flags = (m->read_only || m->kind == MOUNT_IMAGE ? MS_RDONLY : 0) | (m->no_exec ? MS_NOEXEC : 0);
    if (m->kind == MOUNT_TMPFS) {
        char options[64];
        int n = snprintf(options, sizeof options, "mode=%o", m->mode ? m->mode : 01777);
        if (m->size) snprintf(options + n, sizeof options - (size_t)n, ",size=%llu", (unsigned long long)m->size);
        return mount_inside(root, m->destination, "tmpfs", MS_NOSUID | MS_NODEV | flags, options, f);
    }
    int source = m->kind == MOUNT_IMAGE ? image_source(c, index, f) : volume_source(m, f);
    if (source < 0) return false;
    struct stat st;
    bool folder = fstat(source, &st) == 0 && S_ISDIR(st.st_mode);
    int target = make_inside(root, m->destination, folder, folder ? 0755 : 0644);
    bool good = target >= 0 && bind_on(source, target, flags) == 0;
    if (!good) fail_errno(f, "mount", "mounting %s %s on %.300s failed", m->kind == MOUNT_IMAGE ? "an image" : "volume", m->volume, m->destination);
    if (target >= 0) close(target);
    close(source);
    return good;
}

bool rootfs_enter(const struct container *c, struct failure *f) {
    char place[256];
    container_root_path(c, place, sizeof place);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) return fail_errno(f, "mount", "making the mounts private failed");
    int root = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) return fail_errno(f, "rootfs", "opening %s failed", place);
    // From the image alone: before anything hides a part of it.
    if (!seed_volumes(root, c, f)) return false;
    if (!mount_system(root, c, f) || !bind_pod_files(root, f)) return false;
    for (uint32_t i = 0; i < c->spec.mounts.count; i++)
        if (!mount_one(root, c, i, f)) return false;
    if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return fail_errno(f, "pivot", "entering the root failed");
    close(root);
    return true;
}

// ---- inside the root

static void mask(int root, const char *path) {
    int target = open_inside(root, path, O_PATH);
    struct stat st;
    if (target < 0) return;  // nothing there to hide
    if (fstat(target, &st) == 0 && S_ISDIR(st.st_mode)) mount_on("tmpfs", target, "tmpfs", MS_RDONLY | PLAIN, "size=0");
    else mount_on("/dev/null", target, NULL, MS_BIND, NULL);
    close(target);
}

static bool protect(int root, const char *path, struct failure *f) {
    int target = open_inside(root, path, O_PATH);
    if (target < 0) return true;
    // nosuid, nodev and noexec of the mount below must stay.
    if (bind_on(target, target, MS_RDONLY | (strncmp(path, "/proc", 5) && strncmp(path, "/sys", 4) ? 0 : PLAIN)) < 0) {
        fail_errno(f, "mount", "making %.300s read-only failed", path);
        close(target);
        return false;
    }
    close(target);
    return true;
}

bool rootfs_seal(const struct container *c, struct failure *f) {
    const struct container_spec *s = &c->spec;
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (uint32_t i = 0; i < s->read_only.count && !s->privileged; i++)
        if (!protect(root, ((char **)s->read_only.items)[i], f)) return false;
    for (uint32_t i = 0; i < s->masked.count && !s->privileged; i++) mask(root, ((char **)s->masked.items)[i]);
    close(root);
    if (s->read_only_root && mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
        return fail_errno(f, "mount", "making the root read-only failed");
    return true;
}

void rootfs_bind_console(const char *terminal) {
    int fd = open("/dev/console", O_CREAT | O_RDONLY | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0620);
    if (fd >= 0) close(fd);
    mount(terminal, "/dev/console", NULL, MS_BIND, NULL);
}
