#pragma once

#define MODPROBE "/proc/1/exe"

void boot_mounts(void);    // proc, sys, dev, and a root that pivot_root can leave
void boot_modules(void);   // /lib/modules/order
// What the kernel runs when something asks for a module: loads /demand/NAME's list. Ends the process.
_Noreturn void boot_module_asked(const char *name);
void boot_modules_for_filters(void);  // those of iptables, once
void boot_leave_initramfs(void);
void boot_stop_interval_timer(void);  // unless the kernel uses it
void boot_sysctls(void);
