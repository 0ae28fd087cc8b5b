#ifndef KVM_H
#define KVM_H

// Prints one line: "usable", or in a few words why KVM is not. Returns the exit code, 0 when it could be found out.
int kvm_probe(const char *device);

#endif
