// Stands in QEMU's place to see what QEMU could see. It plays QEMU's part on the control socket (descriptor 3), takes any command line,
// and answers lines on the guest's channel (descriptor 5), the last line of each answer being a dot:
//   descriptors          -> number and kind of each open one
//   folder PATH          -> its entries
//   writable             -> every file of the whole tree that may be opened for writing
//   open PATH            -> opened, or why not
//   make PATH            -> made (a folder), or why not
//   device PATH M N      -> made (a block device), or why not
//   who                  -> user ids, group ids, groups, capabilities, no-new-privileges, own process id
//   process N            -> what may be learnt of that process
//   network              -> names of network interfaces
//   tcp ADDRESS PORT     -> connected, or why not
//   children N           -> how many processes could be made, up to N
//   memory MIB           -> touched
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static FILE *out;

static void said(int result, const char *done) {
    fprintf(out, "%s\n", result < 0 ? strerror(errno) : done);
}

static void descriptors(void) {
    for (int fd = 0; fd < 4096; fd++) {
        struct stat found;
        if (fd == fileno(out) || fstat(fd, &found) < 0)
            continue;
        fprintf(out, "%d %s\n", fd, S_ISCHR(found.st_mode) ? "device" : S_ISFIFO(found.st_mode) ? "pipe" : S_ISSOCK(found.st_mode) ? "socket"
                : S_ISREG(found.st_mode) ? "file" : S_ISDIR(found.st_mode) ? "folder" : "other");
    }
}

static int if_writable(const char *path, const struct stat *found, int type, struct FTW *where) {
    (void)where;
    if (type == FTW_F && !S_ISLNK(found->st_mode) && access(path, W_OK) == 0)
        fprintf(out, "%s\n", path);
    return 0;
}

static void folder(const char *path) {
    DIR *open = opendir(path);
    struct dirent *entry;
    if (!open)
        said(-1, "");
    while (open && (entry = readdir(open)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            fprintf(out, "%s\n", entry->d_name);
    if (open)
        closedir(open);
}

static void who(void) {
    uid_t u[3];
    gid_t g[3], groups[64];
    int count = getgroups(64, groups), capabilities = 0;
    getresuid(&u[0], &u[1], &u[2]);
    getresgid(&g[0], &g[1], &g[2]);
    for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
        capabilities += prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) > 0;
    fprintf(out, "uids %u %u %u\ngids %u %u %u\n", u[0], u[1], u[2], g[0], g[1], g[2]);
    fprintf(out, "groups %d\nambient %d\nno-new-privileges %d\npid %d\nparent %d\n", count, capabilities, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
            (int)getpid(), (int)getppid());
    said(setuid(0), "became root");
}

static void tcp(const char *address, int port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    inet_pton(AF_INET, address, &to.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    said(fd < 0 ? fd : connect(fd, (struct sockaddr *)&to, sizeof to), "connected");
    close(fd);
}

static void children(int most) {
    int made = 0;
    pid_t *pids = calloc((size_t)most, sizeof *pids);
    for (; made < most; made++) {
        pid_t pid = fork();
        if (pid == 0) {
            pause();
            _exit(0);
        }
        if (pid < 0)
            break;
        pids[made] = pid;
    }
    fprintf(out, "%d\n", made);
    for (int i = 0; i < made; i++)
        kill(pids[i], SIGKILL);
    while (wait(NULL) > 0)
        ;
    free(pids);
}

static void memory(long mib) {
    char *pages = mmap(NULL, (size_t)mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (long i = 0; pages != MAP_FAILED && i < mib << 20; i += 4096)
        pages[i] = 1;
    said(pages == MAP_FAILED ? -1 : 0, "touched");
}

static void answer(char *line) {
    char path[512];
    int a, b;
    if (!strcmp(line, "descriptors"))
        descriptors();
    else if (sscanf(line, "folder %511s", path) == 1)
        folder(path);
    else if (!strcmp(line, "writable"))
        nftw("/", if_writable, 32, FTW_PHYS);
    else if (sscanf(line, "open %511s", path) == 1)
        said(open(path, O_RDONLY | O_CLOEXEC), "opened");
    else if (sscanf(line, "make %511s", path) == 1)
        said(mkdir(path, 0700), "made");
    else if (sscanf(line, "device %511s %d %d", path, &a, &b) == 3)
        said(mknod(path, S_IFBLK | 0600, makedev((unsigned)a, (unsigned)b)), "made");
    else if (!strcmp(line, "who"))
        who();
    else if (sscanf(line, "process %d", &a) == 1)
        said(getpgid(a), "seen");
    else if (!strcmp(line, "network"))
        for (unsigned i = 1; i < 1000; i++)
            if (if_indextoname(i, path))
                fprintf(out, "%s\n", path);
            else
                continue;
    else if (sscanf(line, "tcp %511s %d", path, &a) == 2)
        tcp(path, a);
    else if (sscanf(line, "children %d", &a) == 1)
        children(a);
    else if (sscanf(line, "memory %d", &a) == 1)
        memory(a);
    else
        fprintf(out, "unknown\n");
    fprintf(out, ".\n");
    fflush(out);
}

// Answers as QEMU does while an engine starts it.
static void control(int fd, const char *uuid) {
    FILE *in = fdopen(fd, "r");
    char line[4096];
    dprintf(fd, "{\"QMP\": {}}\r\n");
    while (in && fgets(line, sizeof line, in)) {
        char *id = strstr(line, "\"id\":");
        int number = id ? atoi(id + 5) : 0;
        if (strstr(line, "query-uuid"))
            dprintf(fd, "{\"return\": {\"UUID\": \"%s\"}, \"id\": %d}\r\n", uuid, number);
        else
            dprintf(fd, "{\"return\": {}, \"id\": %d}\r\n", number);
    }
    if (in)
        fclose(in);
}

static void guest(int fd) {
    FILE *in = fdopen(fd, "r");
    char line[600];
    out = fdopen(dup(fd), "w");
    while (in && out && fgets(line, sizeof line, in)) {
        line[strcspn(line, "\n")] = 0;
        answer(line);
    }
    if (in)
        fclose(in);
    if (out)
        fclose(out);
}

int main(int count, char **arguments) {
    const char *uuid = "";
    for (int i = 1; i < count; i++) {
        if (!strcmp(arguments[i], "--version"))
            return puts("QEMU emulator version 0 (a stand-in)") < 0;
        if (!strcmp(arguments[i], "-uuid") && i + 1 < count)
            uuid = arguments[i + 1];
    }
    signal(SIGPIPE, SIG_IGN);
    struct pollfd doors[] = {{.fd = 3, .events = POLLIN}, {.fd = 5, .events = POLLIN}};
    while (poll(doors, 2, -1) > 0) {
        if (doors[0].revents)
            control(accept(3, NULL, NULL), uuid);
        if (doors[1].revents)
            guest(accept(5, NULL, NULL));
    }
    return 1;
}
