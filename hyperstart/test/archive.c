// Archives there and back, against tar(1), and against what a hostile archive might hold.
#define _GNU_SOURCE
#include "archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tar.h"

static int checks;
static char base[64];

#define CHECK(condition) \
    do { \
        checks++; \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s: not so: %s\n", __FILE__, __LINE__, __func__, #condition); \
            exit(1); \
        } \
    } while (0)

static void shell(const char *script) {
    char command[2048];
    snprintf(command, sizeof command, "set -e; cd %s; %s", base, script);
    if (system(command) != 0) {
        fprintf(stderr, "failed: %s\n", command);
        exit(1);
    }
}

static int root(const char *name) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", base, name);
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool write_archive(const char *folder, const char *path, const char *name, struct failure *f) {
    char file[128];
    snprintf(file, sizeof file, "%s/archive", base);
    int out = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600), from = root(folder);
    bool good = tar_write(from, path, name, out, TAR_ALL, f);
    close(out);
    close(from);
    return good;
}

static bool read_archive(const char *folder, const char *path, bool keep, struct failure *f) {
    char file[128];
    snprintf(file, sizeof file, "%s/archive", base);
    int in = open(file, O_RDONLY), to = root(folder);
    struct tar_owner owner = {.fixed = geteuid() != 0, .uid = geteuid(), .gid = getegid()};
    bool good = tar_read(to, path, in, keep, owner, f);
    close(in);
    close(to);
    return good;
}

static void test_there_and_back(void) {
    struct failure f;
    shell("mkdir -p from/d/empty to; cd from/d; echo hello > file; chmod 751 file; touch -d @1234567890 file; ln file hard; ln -s ../file link;"
          "long=$(printf 'x%.0s' $(seq 120)); mkdir $long; echo deep > $long/$long; ln -s $long/$long long; mkfifo pipe; head -c 70000 /dev/urandom > big; : > nothing");
    CHECK(write_archive("from", "/d", "", &f));
    CHECK(read_archive("to", "/", false, &f));
    shell("diff -r --no-dereference from/d to/d 2>/dev/null | grep -v fifo > differences || true; test ! -s differences");
    shell("test $(stat -c %a%Y to/d/file) = 7511234567890; test to/d/hard -ef to/d/file; test $(readlink to/d/link) = ../file; test -p to/d/pipe");
    // tar(1) reads what we write and the other way round.
    shell("mkdir other; tar -C other -xf archive; diff -r --no-dereference from/d other/d 2>/dev/null | grep -v fifo > differences || true; test ! -s differences");
    shell("rm -r to; mkdir to; tar --format=gnu -C from -cf archive d");
    CHECK(read_archive("to", "/", false, &f));
    shell("rm -r to/d/empty; mkdir to/d/empty; diff -r --no-dereference from/d to/d 2>/dev/null | grep -v fifo > differences || true; test ! -s differences");
    // A file under another name, and the folder itself.
    CHECK(write_archive("from", "/d/file", "renamed", &f));
    shell("test $(tar -tf archive) = renamed");
    CHECK(write_archive("from", "/d/", "", &f));
    shell("tar -tf archive | grep -qx ./file");
    CHECK(!write_archive("from", "/nowhere", "", &f) && f.error == ENOENT);
    CHECK(!write_archive("from", "/d/file/", "", &f) && f.error == ENOTDIR);
}

static void test_what_is_there_already(void) {
    struct failure f;
    shell("rm -rf from to; mkdir -p from to/thing; echo new > from/thing; tar -C from -cf archive thing");
    CHECK(!read_archive("to", "/", true, &f) && f.error == EISDIR);
    CHECK(read_archive("to", "/", false, &f));
    shell("test $(cat to/thing) = new; echo newer > from/thing; tar -C from -cf archive thing");
    CHECK(read_archive("to", "/", true, &f));
    shell("test $(cat to/thing) = newer");
    CHECK(!read_archive("to", "/none", false, &f) && f.error == ENOENT);
    CHECK(!read_archive("to", "/thing", false, &f) && f.error == ENOTDIR);
}

static void test_hostile_archives(void) {
    struct failure f;
    // A link of the image leads nowhere but inside; `..` is refused.
    shell("rm -rf from to outside; mkdir from to outside; ln -s ../outside to/way; ln -s /outside to/absolute; mkdir from/way; echo x > from/way/file; tar -C from -cf archive way/file");
    read_archive("to", "/", false, &f);
    shell("test -z \"$(ls outside)\"; mkdir from/sub; tar -C from/sub -P --transform 's,^,../../,' -cf archive ../way/file");
    CHECK(!read_archive("to", "/", false, &f) && !strcmp(f.step, "archive"));
    shell("test -z \"$(ls outside)\"; echo this is text, and no archive at all > archive; head -c 600 /dev/zero | tr '\\0' a >> archive");
    CHECK(!read_archive("to", "/", false, &f) && !strcmp(f.step, "archive"));
    shell("echo y > from/file; tar -C from -cf whole file; head -c 700 whole > archive");
    CHECK(!read_archive("to", "/", false, &f) && !strcmp(f.step, "archive"));
    // Bits turned at random: nothing may crash, whatever the answer is.
    shell("tar --format=pax -C from -cf whole .");
    for (unsigned seed = 1; seed <= 300; seed++) {
        char from[128], to[128];
        static uint8_t data[65536];
        snprintf(from, sizeof from, "%s/whole", base);
        snprintf(to, sizeof to, "%s/archive", base);
        int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        ssize_t n = read(in, data, sizeof data);
        srand(seed);
        for (int i = 0; i < 4; i++) data[(unsigned)rand() % (unsigned)n] ^= (uint8_t)(1 << rand() % 8);
        CHECK(write(out, data, (size_t)n) == n);
        close(in);
        close(out);
        read_archive("to", "/", seed % 2, &f);
    }
    shell("test -z \"$(ls outside)\"");
}

int test_archives(void) {
    snprintf(base, sizeof base, "/tmp/hyperstart-archive-%d", (int)getpid());
    mkdir(base, 0700);
    mode_t old = umask(022);
    test_there_and_back();
    umask(022);
    test_what_is_there_already();
    umask(022);
    test_hostile_archives();
    umask(old);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", base);
    CHECK(system(command) == 0);
    return checks;
}
