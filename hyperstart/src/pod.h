// What the containers of the pod share: names, the files in /etc, shared memory, volumes.
#pragma once
#include "spec.h"

bool pod_prepare(struct failure *f);  // folders and the scratch disk; may be called again
bool pod_apply(const struct pod_spec *pod, struct failure *f);
void pod_resume(const char *hostname, const char *machine_id);
const char *pod_hostname(void);
bool pod_forget(struct failure *f);  // names and files; refused while there are volumes

// Declares a volume; the same name and kind again changes nothing.
bool volume_declare(const struct volume_spec *v, struct failure *f);
// Makes the file system of a volume with a disk of its own as large as that disk, which the host has made to hold at least so many bytes. Takes as long as
// it takes: for a forked child.
bool volume_grow(const char *name, uint64_t bytes, struct failure *f);
// An O_PATH descriptor of the volume's folder; -1 when it was not declared. kind may be null.
int volume_open(const char *name, uint32_t *kind);
void volumes_list(struct buffer *b, uint16_t tag);
