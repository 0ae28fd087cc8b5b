#define _GNU_SOURCE
#include "users.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 65536, MOST_LINES = 200000 };

// Cuts "a:b:c\n" at its colons; returns the number of parts.
static int cut(char *line, char **parts, int most) {
    line[strcspn(line, "\n")] = 0;
    int n = 0;
    while (n < most) {
        parts[n++] = line;
        line = strchr(line, ':');
        if (!line) break;
        *line++ = 0;
    }
    return n;
}

static bool digits(const char *text) { return *text && strspn(text, "0123456789") == strlen(text); }

static bool number(const char *text, uint32_t *value) {
    if (!digits(text) || strlen(text) > 10) return false;
    unsigned long long n = strtoull(text, NULL, 10);
    *value = (uint32_t)n;
    return n < 0xFFFFFFFF;
}

static void add_group(struct identity *who, uint32_t gid) {
    for (uint32_t i = 0; i < who->count; i++)
        if (who->groups[i] == gid) return;
    if (who->count < MAX_GROUPS) who->groups[who->count++] = gid;
}

// Finds the user by number if it is one, else by name; a number needs no entry. Digits are never a name, not even when they are too many
// for a number: the host has checked the number (`runAsNonRoot`), and an entry `1000:x:0:0::/:` would make root of it.
static bool find_user(const char *user, struct identity *who, char *name, size_t name_size) {
    uint32_t wanted = 0;
    bool numeric = digits(user), found = false;
    if (numeric && !number(user, &wanted)) return false;
    FILE *file = fopen("/etc/passwd", "re");
    static char line[LINE];
    for (int i = 0; file && !found && i < MOST_LINES && fgets(line, sizeof line, file); i++) {
        char *p[7];
        uint32_t uid, gid;
        int n = cut(line, p, 7);
        if (n < 4 || !number(p[2], &uid) || !number(p[3], &gid)) continue;
        if (numeric ? uid != wanted : strcmp(p[0], user) != 0) continue;
        found = true;
        who->uid = uid;
        who->gid = gid;
        snprintf(name, name_size, "%s", p[0]);
        if (n >= 6) snprintf(who->home, sizeof who->home, "%s", p[5]);
    }
    if (file) fclose(file);
    if (!found && numeric) who->uid = wanted;
    return found || numeric;
}

// Reads /etc/group for the group asked for (if any) and for those that the user is in.
static bool find_groups(const char *group, const char *name, struct identity *who) {
    uint32_t wanted = 0;
    bool numeric = group && digits(group), found = !group || numeric;
    if (numeric && !number(group, &wanted)) return false;
    if (numeric) who->gid = wanted;
    FILE *file = fopen("/etc/group", "re");
    static char line[LINE];
    for (int i = 0; file && i < MOST_LINES && fgets(line, sizeof line, file); i++) {
        char *p[4];
        uint32_t gid;
        int n = cut(line, p, 4);
        if (n < 3 || !number(p[2], &gid)) continue;
        if (group && !numeric && !strcmp(p[0], group)) {
            who->gid = gid;
            found = true;
        }
        char *rest = n == 4 ? p[3] : NULL, *member;
        while (name[0] && rest && (member = strsep(&rest, ",")))
            if (!strcmp(member, name)) add_group(who, gid);
    }
    if (file) fclose(file);
    return found;
}

bool identity_resolve(const char *user, const struct list *extra_groups, bool strict, struct identity *who, struct failure *f) {
    char text[4200], name[256] = "";
    *who = (struct identity){0};
    strcpy(who->home, "/");
    snprintf(text, sizeof text, "%s", user);
    char *group = strchr(text, ':');
    if (group) *group++ = 0;
    if (group && !*group) group = NULL;
    if (!find_user(text[0] ? text : "0", who, name, sizeof name))
        return fail(f, ENOENT, "user", "user %.200s is not in the image's /etc/passwd, nor a number up to 4294967294", text);
    if (!find_groups(group, name, who)) return fail(f, ENOENT, "user", "group %.200s is not in the image's /etc/group, nor a number up to 4294967294", group);
    if (strict) who->count = 0;
    // As a login has it, and as Kubernetes shows it.
    add_group(who, who->gid);
    for (uint32_t i = 0; i < extra_groups->count; i++) add_group(who, ((uint32_t *)extra_groups->items)[i]);
    if (!who->home[0]) strcpy(who->home, "/");
    return true;
}
