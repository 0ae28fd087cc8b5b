#define _GNU_SOURCE
#include "devices.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cgroup.h"
#include "log.h"
#include "spec.h"

enum { ANY = -1, MAX_RULES = 80, MAX_PROGRAM = 16 + 5 * MAX_RULES };

struct program {
    struct bpf_insn code[MAX_PROGRAM];
    unsigned count;
};

static void add(struct program *p, uint8_t code, uint8_t to, uint8_t from, int16_t off, int32_t value) {
    p->code[p->count++] = (struct bpf_insn){.code = code, .dst_reg = to & 15, .src_reg = from & 15, .off = off, .imm = value};
}

// r2 is the access, r3 the type, r4 the major, r5 the minor number.
static void allow(struct program *p, int type, int major, int minor) {
    bool any = minor == ANY;
    add(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_3, 0, any ? 3 : 4, type);
    add(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_4, 0, any ? 2 : 3, major);
    if (!any) add(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_5, 0, 2, minor);
    add(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1);
    add(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void compile(struct program *p, const struct list *devices) {
    static const int ordinary[][2] = {{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}, {5, 1}, {5, 2}, {136, ANY}};
    add(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
    add(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_4, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, major), 0);
    add(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_5, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
    add(p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0);
    add(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_3, 0, 0, 0xFFFF);
    add(p, BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_2, 0, 0, 16);
    // To make a node is harmless; images are unpacked with them.
    add(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1);
    add(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_2, 0, 1, BPF_DEVCG_ACC_MKNOD);
    add(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
    for (size_t i = 0; i < sizeof ordinary / sizeof *ordinary; i++) allow(p, BPF_DEVCG_DEV_CHAR, ordinary[i][0], ordinary[i][1]);
    for (uint32_t i = 0; i < devices->count; i++) {
        const struct device *d = (struct device *)devices->items + i;
        allow(p, S_ISBLK(d->mode) ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, (int)major(d->number), (int)minor(d->number));
    }
    add(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
    add(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static int load(const struct list *devices) {
    struct program program = {.count = 0};
    compile(&program, devices);
    union bpf_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attr.insns = (uintptr_t)program.code;
    attr.insn_cnt = program.count;
    attr.license = (uintptr_t) "GPL";
    return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr);
}

// What most containers have: the program is checked and compiled by the kernel once, in a template for all its copies. -1 where there can be none.
static int ordinary_program(void) {
    static int fd;
    static bool known;
    if (!known) {
        struct list none = {0};
        fd = cgroup_available() ? load(&none) : -1;
        known = true;
    }
    return fd;
}

bool devices_available(void) { return ordinary_program() >= 0; }

bool devices_limit(const char *id, const struct list *devices, struct failure *f) {
    if (!devices_available()) return true;
    char path[256];
    cgroup_path(id, "", path, sizeof path);
    int cgroup = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), program = devices->count ? load(devices) : ordinary_program();
    union bpf_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.target_fd = (uint32_t)cgroup;
    attr.attach_bpf_fd = (uint32_t)program;
    attr.attach_type = BPF_CGROUP_DEVICE;
    bool good = cgroup >= 0 && program >= 0 && syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof attr) == 0;
    if (!good) fail_errno(f, "devices", "container %s: limiting its devices failed", id);
    if (cgroup >= 0) close(cgroup);
    if (program >= 0 && devices->count) close(program);
    return good;
}
