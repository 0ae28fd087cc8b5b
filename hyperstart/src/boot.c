#define _GNU_SOURCE
#include "boot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#ifdef __x86_64__
#include <sys/io.h>
#endif
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "log.h"
#include "tree.h"

enum { PLAIN = MS_NOSUID | MS_NODEV | MS_NOEXEC, FILES_MOST = 1048576 };

static void mount_or_complain(const char *type, const char *place, unsigned long flags, const char *options) {
    mkdir(place, 0755);
    if (mount(type, place, type, flags, options) < 0 && errno != EBUSY) complain_errno("mounting %s on %s failed", type, place);
}

void boot_mounts(void) {
    mount_or_complain("devtmpfs", "/dev", MS_NOSUID, "mode=0755");
    int console = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (console < 0) console = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = 0; i < 3 && console >= 0; i++) dup2(console, i);
    if (console > 2) close(console);
    mount_or_complain("proc", "/proc", PLAIN, NULL);
    mount_or_complain("sysfs", "/sys", PLAIN, NULL);
    mount_or_complain("cgroup2", "/sys/fs/cgroup", PLAIN, "nsdelegate");
    static const char *const folders[] = {"/dev/pts", "/dev/shm", "/dev/mqueue"};  // what privileged containers mount upon
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) mkdir(folders[i], 0755);
    static const char *const links[][2] = {{"/proc/self/fd", "/dev/fd"}, {"/proc/self/fd/0", "/dev/stdin"}, {"/proc/self/fd/1", "/dev/stdout"}, {"/proc/self/fd/2", "/dev/stderr"}};
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) (void)!symlink(links[i][0], links[i][1]);
    struct rlimit files = {FILES_MOST, FILES_MOST};
    setrlimit(RLIMIT_NOFILE, &files);
    struct rlimit core = {0, RLIM_INFINITY};
    setrlimit(RLIMIT_CORE, &core);
}

// False when there is no such list.
static bool load_modules(const char *list, const char *folder) {
    FILE *order = fopen(list, "re");
    if (!order) return false;
    char line[512], path[1024];
    while (fgets(line, sizeof line, order)) {
        line[strcspn(line, " \t\r\n")] = 0;
        if (!line[0] || line[0] == '#') continue;
        snprintf(path, sizeof path, "%s%s", line[0] == '/' ? "" : folder, line);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)) complain_errno("loading the module %s failed", path);
        if (fd >= 0) close(fd);
    }
    fclose(order);
    return true;
}

void boot_modules(void) { load_modules("/lib/modules/order", "/lib/modules/"); }

static bool load_demanded(const char *module) {
    char list[128];
    snprintf(list, sizeof list, "/demand/%s", module);
    return load_modules(list, "/demand/");
}

// What the kernel asks for by what it is good for: "nft-chain-2-nat". False when no module says that it is.
static bool load_alias(const char *alias) {
    FILE *aliases = fopen("/demand/aliases", "re");
    if (!aliases) return false;
    char line[192], known[64], module[64];
    bool loaded = false;
    while (!loaded && fgets(line, sizeof line, aliases))
        loaded = sscanf(line, "%63s %63s", known, module) == 2 && !strcmp(known, alias) && load_demanded(module);
    fclose(aliases);
    return loaded;
}

_Noreturn void boot_module_asked(const char *name) {
    bool plain = name[0] && strlen(name) < 64 && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(name)
                 && strcmp(name, "aliases");
    _exit(plain && (load_demanded(name) || load_alias(name)) ? 0 : 1);
}

void boot_modules_for_filters(void) {
    static bool done;
    if (done) return;
    done = true;
    load_demanded("ip_tables");
    load_demanded("ip6_tables");
}

// Opening one loads its module; until then nobody else would make them.
static void make_device_files(void) {
    static const struct { const char *module, *path; mode_t mode; unsigned minor; } files[] = {
        {"fuse", "/dev/fuse", 0666, 229}, {"loop", "/dev/loop-control", 0660, 237}, {"tun", "/dev/net/tun", 0666, 200}};
    mode_t mask = umask(0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char list[64];
        snprintf(list, sizeof list, "/demand/%s", files[i].module);
        if (access(list, F_OK) < 0) continue;
        if (i == 2) mkdir("/dev/net", 0755);
        if (mknod(files[i].path, S_IFCHR | files[i].mode, makedev(10, files[i].minor)) < 0 && errno != EEXIST) complain_errno("making %s failed", files[i].path);
    }
    umask(mask);
}

// pivot_root cannot leave the initramfs itself, so everything moves onto a tmpfs; the files of the initramfs give their memory back.
void boot_leave_initramfs(void) {
    struct statfs fs;
    bool rootfs = statfs("/", &fs) == 0 && (fs.f_type == 0x858458f6 || fs.f_type == 0x01021994);
    mkdir("/r", 0755);
    if (mount("root", "/r", "tmpfs", 0, "mode=0755") < 0) {
        complain_errno("mounting the root tmpfs failed");
        return;
    }
    static const char *const moved[] = {"/dev", "/proc", "/sys"};
    for (size_t i = 0; i < 3; i++) {
        char to[16];
        snprintf(to, sizeof to, "/r%s", moved[i]);
        mkdir(to, 0755);
        if (mount(moved[i], to, NULL, MS_MOVE, NULL) < 0) complain_errno("moving %s failed", moved[i]);
    }
    bool demand = access("/demand", F_OK) == 0 && mkdir("/r/demand", 0755) == 0 && mount("/demand", "/r/demand", NULL, MS_BIND, NULL) == 0;
    int old = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (chdir("/r") < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0) complain_errno("moving the root failed");
    if (rootfs && old >= 0) {
        remove_tree(old, "lib");
        unlinkat(old, "init", 0);
    }
    if (old >= 0) close(old);
    // Where modules wait to be asked for, the kernel needs a program that loads them: this one.
    if (demand) {
        write_text("/proc/sys/kernel/modprobe", MODPROBE);
        make_device_files();
    }
    mkdir("/run", 0755);
    mkdir("/tmp", 01777);
    mkdir("/etc", 0755);
}

static bool says(const char *path, const char *beginning) {
    char text[64] = "";
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    bool read_some = read(file, text, sizeof text - 1) > 0;
    close(file);
    return read_some && !strncmp(text, beginning, strlen(beginning));
}

// A PC's interval timer runs from its start on, though nobody listens: whoever emulates it wakes 36 times a second for each idle machine. As the kernel
// does where it has used it: counting once to the end.
void boot_stop_interval_timer(void) {
#ifdef __x86_64__
    enum { COUNT = 0x40, MODE = 0x43, ONCE = 0x30 };
    if (!says("/sys/devices/system/clockevents/clockevent0/current_device", "lapic") || says("/sys/devices/system/clockevents/broadcast/current_device", "pit")
        || says("/sys/devices/system/clocksource/clocksource0/current_clocksource", "pit") || ioperm(COUNT, MODE - COUNT + 1, 1) < 0)
        return;
    outb(ONCE, MODE);
    outb(0, COUNT);
    outb(0, COUNT);
    ioperm(COUNT, MODE - COUNT + 1, 0);
#endif
}

void boot_sysctls(void) {
    // A pod has its machine alone: what hosts forbid to protect one user from another has no purpose in it.
    write_text("/proc/sys/net/ipv4/ping_group_range", "0 2147483647");
    write_text("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
    write_text("/proc/sys/vm/overcommit_memory", "1");
    write_text("/proc/sys/fs/file-max", "1048576");
    write_text("/proc/sys/fs/inotify/max_user_instances", "8192");
    write_text("/proc/sys/kernel/panic", "-1");
    // When the machine itself runs out of memory, a container goes and never pid 1; each child sets its own value.
    write_text("/proc/self/oom_score_adj", "-1000");
}
