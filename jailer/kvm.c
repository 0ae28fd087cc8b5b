// Whether KVM on this machine runs code that takes an interrupt of its own. A device that opens and makes machines proves nothing: a KVM that is
// itself made of another hypervisor's calls may fail at the first exception that a guest delivers to itself, and every kernel does that at boot.
// So a guest of a few instructions does what kernels do first, a breakpoint through its own table of interrupts among it, and tells its end by a port.
#define _GNU_SOURCE
#include "kvm.h"

#include <errno.h>
#include <signal.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    DEADLINE_MS = 300,
    MEMORY = 2 << 20,
    // Places in the guest's memory.
    PML4 = 0x1000, PDPT = 0x2000, PD = 0x3000, GDT = 0x4000, TABLES = 0x4100, IDT = 0x5000, CODE = 0x6000, STACK = 0x8000, SEEN = 0x9000,
    PORT = 0x10, DONE = 0x5a,
    CODE_SELECTOR = 8, DATA_SELECTOR = 16,
};

extern const uint8_t guest_begin[], guest_handler[], guest_end[];
__asm__(".section .rodata\n"
        "guest_begin:\n"
        "  lgdt 0x4100\n"
        "  lidt 0x4110\n"
        "  mov %cr0, %rax\n  mov %rax, %cr0\n"
        "  mov %cr3, %rax\n  mov %rax, %cr3\n"
        "  mov %cr4, %rax\n  mov %rax, %cr4\n"
        "  mov $0xc0000080, %ecx\n  rdmsr\n  wrmsr\n"
        "  xor %eax, %eax\n  xor %ecx, %ecx\n  cpuid\n"
        "  invlpg 0x1000\n"
        "  swapgs\n  swapgs\n"
        "  int3\n"
        "  mov $0x5a, %al\n  out %al, $0x10\n"
        "  hlt\n"
        "guest_handler:\n"
        "  movb $1, 0x9000\n"
        "  iretq\n"
        "guest_end:\n"
        ".text\n");

static int fail(const char *what) {
    printf("%s: %s\n", what, strerror(errno));
    fflush(stdout);
    _exit(0);
}

static void put64(uint8_t *memory, unsigned at, uint64_t value) {
    memcpy(memory + at, &value, sizeof value);
}

// A table's place as lgdt and lidt read it.
static void table(uint8_t *memory, unsigned at, uint16_t limit, uint64_t base) {
    memcpy(memory + at, &limit, 2);
    memcpy(memory + at + 2, &base, 8);
}

static void fill(uint8_t *memory) {
    put64(memory, PML4, PDPT | 3);
    put64(memory, PDPT, PD | 3);
    put64(memory, PD, 0x83); // 2 MiB, present, writable
    put64(memory, GDT + CODE_SELECTOR, 0x00af9a000000ffff);
    put64(memory, GDT + DATA_SELECTOR, 0x00cf92000000ffff);
    table(memory, TABLES, 23, GDT);
    table(memory, TABLES + 16, 16 * 16 - 1, IDT);
    uint64_t handler = CODE + (uint64_t)(guest_handler - guest_begin);
    put64(memory, IDT + 3 * 16, (handler & 0xffff) | CODE_SELECTOR << 16 | 0x8e00ULL << 32 | (handler >> 16 & 0xffff) << 48);
    memcpy(memory + CODE, guest_begin, (size_t)(guest_end - guest_begin));
}

static void registers(int vcpu) {
    struct kvm_sregs special;
    if (ioctl(vcpu, KVM_GET_SREGS, &special) < 0)
        fail("reading registers");
    struct kvm_segment code = {.limit = 0xffffffff, .selector = CODE_SELECTOR, .type = 11, .present = 1, .s = 1, .l = 1, .g = 1};
    struct kvm_segment data = {.limit = 0xffffffff, .selector = DATA_SELECTOR, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1};
    special.cs = code;
    special.ds = special.es = special.fs = special.gs = special.ss = data;
    special.cr3 = PML4;
    special.cr4 = 0x20;         // physical addresses of 64 bits
    special.cr0 = 0x80010033;   // paging, write protection, protected mode
    special.efer = 0x500;       // long mode, enabled and active
    if (ioctl(vcpu, KVM_SET_SREGS, &special) < 0)
        fail("setting registers");
    struct kvm_regs regs = {.rip = CODE, .rsp = STACK, .rflags = 2};
    if (ioctl(vcpu, KVM_SET_REGS, &regs) < 0)
        fail("setting registers");
}

static void try(const char *device) {
    int kvm = open(device, O_RDWR | O_CLOEXEC);
    if (kvm < 0)
        fail(device);
    int machine = ioctl(kvm, KVM_CREATE_VM, 0);
    if (machine < 0)
        fail("making a machine");
    uint8_t *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        fail("memory");
    fill(memory);
    struct kvm_userspace_memory_region region = {.memory_size = MEMORY, .userspace_addr = (uint64_t)(uintptr_t)memory};
    if (ioctl(machine, KVM_SET_USER_MEMORY_REGION, &region) < 0)
        fail("giving memory");
    int vcpu = ioctl(machine, KVM_CREATE_VCPU, 0);
    if (vcpu < 0)
        fail("making a processor");
    // Without a processor's features the guest may not touch what long mode needs.
    static struct {
        struct kvm_cpuid2 head;
        struct kvm_cpuid_entry2 entries[256];
    } features = {.head = {.nent = 256}};
    if (ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &features) < 0 || ioctl(vcpu, KVM_SET_CPUID2, &features) < 0)
        fail("giving features");
    int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    struct kvm_run *run = size < 0 ? MAP_FAILED : mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
    if (run == MAP_FAILED)
        fail("sharing a processor's state");
    registers(vcpu);
    while (ioctl(vcpu, KVM_RUN, 0) < 0)
        if (errno != EINTR)
            fail("running");
    volatile uint8_t *seen = memory + SEEN;
    if (run->exit_reason == KVM_EXIT_IO && run->io.port == PORT && *((uint8_t *)run + run->io.data_offset) == DONE && *seen)
        printf("usable\n");
    else if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
        printf("a guest that takes an exception of its own breaks it (internal error %u)\n", run->internal.suberror);
    else
        printf("a small guest ended otherwise than it should (exit reason %u)\n", run->exit_reason);
    fflush(stdout);
    _exit(0);
}

int kvm_probe(const char *device) {
    fflush(stdout);
    pid_t child = fork();
    if (child < 0) {
        perror("jailer: starting the probe");
        return 1;
    }
    if (child == 0)
        try(device);
    for (int i = 0; i < DEADLINE_MS; i++) {
        int status;
        if (waitpid(child, &status, WNOHANG) == child) {
            if (!WIFEXITED(status))
                printf("the probe was ended by signal %d\n", WTERMSIG(status));
            return 0;
        }
        struct timespec pause = {0, 1000000};
        nanosleep(&pause, NULL);
    }
    kill(child, 9);
    waitpid(child, NULL, 0);
    printf("a guest of a few instructions did not end within %d ms\n", DEADLINE_MS);
    return 0;
}
