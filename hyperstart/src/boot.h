#pragma once

void boot_mounts(void);    // proc, sys, dev, and a root that pivot_root can leave
void boot_modules(void);   // /lib/modules/order
void boot_leave_initramfs(void);
void boot_sysctls(void);
