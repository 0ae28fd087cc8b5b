// The guest of the hypervisor contract test: answers lines on the port `hyper`.
//   echo TEXT            -> TEXT
//   read SERIAL OFFSET   -> 16 bytes of that disk as text
//   write SERIAL TEXT    -> ok, TEXT is at offset 0
//   nics                 -> hardware addresses
//   remember WORD        -> ok
//   recall               -> the WORD, which is nowhere but in memory
//   exit                 -> powers off
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

static void load_modules(void) {
    FILE *order = fopen("/lib/modules/order", "r");
    char path[256];
    while (order && fgets(path, sizeof path, order)) {
        path[strcspn(path, "\n")] = 0;
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0 || syscall(SYS_finit_module, file, "", 0) < 0)
            printf("module %s: %s\n", path, strerror(errno));
        close(file);
    }
}

// Calls `found` with the content of class/ENTRY/attribute for each entry until it returns 1.
static int each(const char *class, const char *attribute, const char *wanted, char *name, char *all) {
    DIR *folder = opendir(class);
    struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        char path[600], text[128] = "";
        snprintf(path, sizeof path, "%s/%s/%s", class, entry->d_name, attribute);
        int file = open(path, O_RDONLY);
        if (file < 0)
            continue;
        ssize_t got = read(file, text, sizeof text - 1);
        close(file);
        if (got > 0 && text[got - 1] == '\n')
            text[got - 1] = 0;
        if (wanted && !strcmp(text, wanted)) {
            strcpy(name, entry->d_name);
            closedir(folder);
            return 1;
        }
        if (all)
            strcat(strcat(all, text), " ");
    }
    if (folder)
        closedir(folder);
    return 0;
}

static int disk(const char *serial) {
    char name[256], path[300];
    if (!each("/sys/block", "serial", serial, name, NULL))
        return -1;
    snprintf(path, sizeof path, "/dev/%s", name);
    int file = open(path, O_RDWR | O_SYNC | O_DIRECT);
    return file >= 0 ? file : open(path, O_RDONLY | O_DIRECT);
}

static void answer(char *line, char *out) {
    static char buffer[4096] __attribute__((aligned(4096)));
    static char word[64];
    char serial[64], text[64];
    long offset;
    *out = 0;
    if (!strncmp(line, "echo ", 5)) {
        strcpy(out, line + 5);
    } else if (sscanf(line, "read %63s %ld", serial, &offset) == 2) {
        int file = disk(serial);
        memset(buffer, 0, sizeof buffer);
        if (pread(file, buffer, 4096, offset) < 0)
            sprintf(out, "error: %s", strerror(errno));
        else
            snprintf(out, 17, "%s", buffer);
        close(file);
    } else if (sscanf(line, "write %63s %63s", serial, text) == 2) {
        int file = disk(serial);
        memset(buffer, 0, sizeof buffer);
        strcpy(buffer, text);
        strcpy(out, pwrite(file, buffer, 4096, 0) == 4096 ? "ok" : strerror(errno));
        close(file);
    } else if (!strcmp(line, "nics")) {
        each("/sys/class/net", "address", NULL, NULL, out);
    } else if (sscanf(line, "remember %63s", word) == 1) {
        strcpy(out, "ok");
    } else if (!strcmp(line, "recall")) {
        strcpy(out, word);
    } else if (!strcmp(line, "exit")) {
        reboot(RB_AUTOBOOT);
    } else {
        strcpy(out, "what?");
    }
}

int main(void) {
    char name[256], path[300], line[512], out[1024];
    size_t size = 0;
    mount("dev", "/dev", "devtmpfs", 0, "");
    mkdir("/proc", 0755), mkdir("/sys", 0755);
    mount("proc", "/proc", "proc", 0, "");
    mount("sys", "/sys", "sysfs", 0, "");
    setvbuf(stdout, NULL, _IONBF, 0);
    load_modules();
    while (!each("/sys/class/virtio-ports", "name", "hyper", name, NULL))
        usleep(1000);
    snprintf(path, sizeof path, "/dev/%s", name);
    int port = open(path, O_RDWR | O_CLOEXEC);
    printf("test guest: port %s\n", port < 0 ? strerror(errno) : name);
    for (;;) {
        struct pollfd ready = {port, POLLIN, 0};
        poll(&ready, 1, -1);
        if (!(ready.revents & POLLIN)) { // nobody is connected
            usleep(1000);
            continue;
        }
        ssize_t got = read(port, line + size, 1);
        if (got <= 0) {
            size = 0;
            usleep(1000);
        } else if (line[size] == '\n') {
            line[size] = 0;
            size = 0;
            answer(line, out);
            strcat(out, "\n");
            if (write(port, out, strlen(out)) < 0)
                perror("write");
        } else if (size < sizeof line - 1) {
            size++;
        }
    }
}
