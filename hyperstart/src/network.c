#define _GNU_SOURCE
#include "network.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

struct route {
    char *destination, *gateway;
};

struct network {
    char *mac, *name;
    uint32_t mtu;
    struct list addresses, routes;
};

static const struct rule route_rules[] = {NEED(route, 1, destination, STR, 64), ONE(route, 2, gateway, STR, 64)};
static const struct schema route_schema = SCHEMA(route, route_rules);
static const struct rule network_rules[] = {
    ONE(network, 1, mac, STR, 17), ONE(network, 2, name, STR, 15), ONE(network, 3, mtu, U32, 65535),
    MANY(network, 4, addresses, STR, 64, 32), SUBS(network, 5, routes, &route_schema, 64)};
static const struct schema network_schema = SCHEMA(network, network_rules);

struct prefix {
    int family;
    uint8_t address[16], size, length;
    bool has_length;
};

static char hosts_addresses[32][INET6_ADDRSTRLEN];
static uint32_t hosts_count;

static bool parse_prefix(const char *text, struct prefix *p) {
    char copy[65];
    snprintf(copy, sizeof copy, "%s", text);
    char *slash = strchr(copy, '/');
    if (slash) *slash++ = 0;
    *p = (struct prefix){.family = strchr(copy, ':') ? AF_INET6 : AF_INET};
    p->size = p->family == AF_INET6 ? 16 : 4;
    if (inet_pton(p->family, copy, p->address) != 1) return false;
    p->length = (uint8_t)(p->size * 8);
    if (!slash) return true;
    if (!*slash || strlen(slash) > 3 || strspn(slash, "0123456789") != strlen(slash) || atoi(slash) > p->length) return false;
    p->length = (uint8_t)atoi(slash);
    p->has_length = true;
    return true;
}

// ---- netlink

struct request {
    struct nlmsghdr header;
    union {
        struct ifaddrmsg address;
        struct rtmsg route;
    } body;
    uint8_t attributes[256];
};

static void attribute(struct request *r, uint16_t type, const void *data, size_t n) {
    struct rtattr *a = (struct rtattr *)((uint8_t *)r + NLMSG_ALIGN(r->header.nlmsg_len));
    a->rta_type = type;
    a->rta_len = (uint16_t)RTA_LENGTH(n);
    memcpy(RTA_DATA(a), data, n);
    r->header.nlmsg_len = NLMSG_ALIGN(r->header.nlmsg_len) + (uint32_t)RTA_ALIGN(a->rta_len);
}

static int exchange(int nl, struct request *r) {
    uint8_t reply[4096];
    r->header.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
    if (send(nl, r, r->header.nlmsg_len, 0) < 0) return errno;
    ssize_t n = recv(nl, reply, sizeof reply, 0);
    if (n < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr))) return EPROTO;
    struct nlmsghdr h;
    struct nlmsgerr e;
    memcpy(&h, reply, sizeof h);
    memcpy(&e, reply + NLMSG_HDRLEN, sizeof e);
    return h.nlmsg_type == NLMSG_ERROR ? -e.error : EPROTO;
}

static int change_address(int nl, bool add, int index, const struct prefix *p) {
    struct request r = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof r.body.address), .nlmsg_type = add ? RTM_NEWADDR : RTM_DELADDR, .nlmsg_flags = add ? NLM_F_CREATE | NLM_F_REPLACE : 0}};
    r.body.address = (struct ifaddrmsg){.ifa_family = (uint8_t)p->family, .ifa_prefixlen = p->length, .ifa_index = (unsigned)index, .ifa_flags = p->family == AF_INET6 ? IFA_F_NODAD : 0};
    attribute(&r, IFA_LOCAL, p->address, p->size);
    attribute(&r, IFA_ADDRESS, p->address, p->size);
    if (add && p->family == AF_INET && p->length < 31) {
        uint8_t broadcast[4];
        put32(broadcast, get32(p->address) | (0xFFFFFFFFu >> p->length));
        attribute(&r, IFA_BROADCAST, broadcast, 4);
    }
    return exchange(nl, &r);
}

static int add_route(int nl, int index, const struct prefix *to, const struct prefix *gateway) {
    struct request r = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof r.body.route), .nlmsg_type = RTM_NEWROUTE, .nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE}};
    r.body.route = (struct rtmsg){.rtm_family = (uint8_t)to->family, .rtm_dst_len = to->length, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_BOOT,
        .rtm_scope = gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK, .rtm_type = RTN_UNICAST, .rtm_flags = gateway ? RTNH_F_ONLINK : 0};
    uint32_t device = (uint32_t)index;
    if (to->length) attribute(&r, RTA_DST, to->address, to->size);
    attribute(&r, RTA_OIF, &device, 4);
    if (gateway) attribute(&r, RTA_GATEWAY, gateway->address, gateway->size);
    return exchange(nl, &r);
}

// Takes away every address the interface has; link-local ones of IPv6 come back by themselves.
static void flush_addresses(int nl, int index) {
    struct { struct nlmsghdr h; struct ifaddrmsg a; } r = {{.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifaddrmsg)), .nlmsg_type = RTM_GETADDR, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}, {0}};
    struct prefix found[64];
    size_t count = 0;
    if (send(nl, &r, r.h.nlmsg_len, 0) < 0) return;
    for (bool end = false; !end;) {
        _Alignas(8) static uint8_t reply[32768];
        ssize_t n = recv(nl, reply, sizeof reply, 0);
        if (n <= 0) break;
        for (struct nlmsghdr *h = (struct nlmsghdr *)reply; NLMSG_OK(h, (unsigned)n); h = NLMSG_NEXT(h, n)) {
            if (h->nlmsg_type != RTM_NEWADDR) {
                end = h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR;
                continue;
            }
            struct ifaddrmsg *m = NLMSG_DATA(h);
            int rest = (int)IFA_PAYLOAD(h);
            for (struct rtattr *a = IFA_RTA(m); RTA_OK(a, rest); a = RTA_NEXT(a, rest))
                if (a->rta_type == IFA_ADDRESS && (int)m->ifa_index == index && count < 64 && RTA_PAYLOAD(a) <= 16) {
                    struct prefix *p = &found[count++];
                    *p = (struct prefix){.family = m->ifa_family, .size = (uint8_t)RTA_PAYLOAD(a), .length = m->ifa_prefixlen};
                    memcpy(p->address, RTA_DATA(a), p->size);
                }
        }
    }
    for (size_t i = 0; i < count; i++) change_address(nl, false, index, &found[i]);
}

// ---- the interface

static int set_flags(int s, const char *name, short on, short off) {
    struct ifreq r = {0};
    snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
    if (ioctl(s, SIOCGIFFLAGS, &r) < 0) return -1;
    r.ifr_flags = (short)((r.ifr_flags | on) & ~off);
    return ioctl(s, SIOCSIFFLAGS, &r);
}

void network_loopback_up(void) {
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0) return;
    set_flags(s, "lo", IFF_UP, 0);
    close(s);
}

static bool find_interface(const struct network *n, const char *mac, char name[IFNAMSIZ], struct failure *f) {
    char only[IFNAMSIZ] = "";
    int others = 0;
    name[0] = 0;
    DIR *dir = opendir("/sys/class/net");
    struct dirent *e;
    while (dir && (e = readdir(dir))) {
        if (e->d_name[0] == '.' || strlen(e->d_name) >= IFNAMSIZ) continue;
        char path[300], value[64];
        snprintf(path, sizeof path, "/sys/class/net/%s/type", e->d_name);
        if (read_text(path, value, sizeof value) <= 0 || atoi(value) != ARPHRD_ETHER) continue;
        snprintf(path, sizeof path, "/sys/class/net/%s/address", e->d_name);
        read_text(path, value, sizeof value);
        char device[300];
        snprintf(device, sizeof device, "/sys/class/net/%s/device", e->d_name);
        if (access(device, F_OK) < 0) continue;  // a dummy or tunnel that the kernel made by itself
        value[strcspn(value, "\n")] = 0;
        if ((mac[0] && !strcasecmp(value, mac)) || (!name[0] && n->name[0] && !strcmp(e->d_name, n->name))) strcpy(name, e->d_name);
        strcpy(only, e->d_name);
        others++;
    }
    if (dir) closedir(dir);
    if (!name[0] && others == 1) strcpy(name, only);
    if (name[0]) return true;
    return fail(f, ENODEV, "interface", "there is no interface with MAC \"%s\" or name \"%s\" (%d Ethernet devices in all)", mac, n->name, others);
}

static bool configure(const struct network *n, int s, char *name, const uint8_t *mac, struct failure *f) {
    const char *wanted = n->name[0] ? n->name : "eth0";
    struct ifreq r = {0};
    // Down also takes the routes away; a name and, for many drivers, a MAC can only be changed then.
    if (set_flags(s, name, 0, IFF_UP) < 0) return fail_errno(f, "interface", "taking %s down failed", name);
    snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
    if (mac) {
        r.ifr_hwaddr.sa_family = ARPHRD_ETHER;
        memcpy(r.ifr_hwaddr.sa_data, mac, 6);
        if (ioctl(s, SIOCSIFHWADDR, &r) < 0) return fail_errno(f, "interface", "giving %s the MAC %s failed", name, n->mac);
    }
    if (strcmp(name, wanted)) {
        snprintf(r.ifr_newname, sizeof r.ifr_newname, "%s", wanted);
        if (ioctl(s, SIOCSIFNAME, &r) < 0) return fail_errno(f, "interface", "renaming %s to %s failed", name, wanted);
        snprintf(name, IFNAMSIZ, "%s", wanted);
        snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
    }
    if (n->mtu) {
        r.ifr_mtu = (int)n->mtu;
        if (ioctl(s, SIOCSIFMTU, &r) < 0) return fail_errno(f, "interface", "setting the MTU of %s to %u failed", name, n->mtu);
    }
    return true;
}

static bool set_addresses(const struct network *n, int nl, int s, const char *name, const struct prefix *addresses, const struct prefix *routes, struct failure *f) {
    int index = (int)if_nametoindex(name);
    flush_addresses(nl, index);
    for (uint32_t i = 0; i < n->addresses.count; i++) {
        int error = change_address(nl, true, index, &addresses[i]);
        if (error) return fail(f, error, "address", "giving %s the address %s failed: %s", name, ((char **)n->addresses.items)[i], strerror(error));
    }
    if (set_flags(s, name, IFF_UP, 0) < 0) return fail_errno(f, "interface", "bringing %s up failed", name);
    for (uint32_t i = 0; i < n->routes.count; i++) {
        const struct route *route = (struct route *)n->routes.items + i;
        int error = add_route(nl, index, &routes[2 * i], route->gateway[0] ? &routes[2 * i + 1] : NULL);
        if (error) return fail(f, error, "route", "adding the route to %s through \"%s\" failed: %s", route->destination, route->gateway, strerror(error));
    }
    return true;
}

static bool apply(const struct network *n, struct failure *f) {
    static struct prefix addresses[32], routes[128];
    unsigned m[6];
    uint8_t mac[6];
    char name[IFNAMSIZ];
    if (n->mac[0]) {
        if (strlen(n->mac) != 17 || sscanf(n->mac, "%2x:%2x:%2x:%2x:%2x:%2x", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5]) != 6)
            return fail(f, EINVAL, "message", "\"%s\" is no MAC address", n->mac);
        for (int i = 0; i < 6; i++) mac[i] = (uint8_t)m[i];
        if (mac[0] & 1) return fail(f, EINVAL, "message", "%s is a multicast address", n->mac);
    }
    if (n->mtu && n->mtu < 576) return fail(f, EINVAL, "message", "an MTU of %u is too small", n->mtu);
    if (strchr(n->name, '/') || !strcmp(n->name, "lo") || n->name[0] == '.') return fail(f, EINVAL, "message", "\"%s\" is no name for an interface", n->name);
    for (uint32_t i = 0; i < n->addresses.count; i++)
        if (!parse_prefix(((char **)n->addresses.items)[i], &addresses[i]) || !addresses[i].has_length || addresses[i].length == 0)
            return fail(f, EINVAL, "message", "\"%s\" is no address with a prefix length", ((char **)n->addresses.items)[i]);
    for (uint32_t i = 0; i < n->routes.count; i++) {
        const struct route *route = (struct route *)n->routes.items + i;
        if (!parse_prefix(route->destination, &routes[2 * i]) || (route->gateway[0] && (!parse_prefix(route->gateway, &routes[2 * i + 1]) || routes[2 * i + 1].has_length || routes[2 * i + 1].family != routes[2 * i].family)))
            return fail(f, EINVAL, "message", "route to \"%s\" through \"%s\" makes no sense", route->destination, route->gateway);
    }
    if (!n->mac[0] && !n->addresses.count) return true;  // loopback only
    if (!find_interface(n, n->mac, name, f)) return false;
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    bool good = s >= 0 && nl >= 0 ? configure(n, s, name, n->mac[0] ? mac : NULL, f) && set_addresses(n, nl, s, name, addresses, routes, f)
                                  : fail_errno(f, "interface", "opening a socket failed");
    if (s >= 0) close(s);
    if (nl >= 0) close(nl);
    if (!good) return false;
    hosts_count = n->addresses.count;
    for (uint32_t i = 0; i < hosts_count; i++) inet_ntop(addresses[i].family, addresses[i].address, hosts_addresses[i], INET6_ADDRSTRLEN);
    return true;
}

bool network_apply(struct bytes message, struct failure *f) {
    struct network n;
    struct arena arena = {0};
    bool good = message_decode(&network_schema, message, &n, &arena, f) && apply(&n, f);
    arena_free(&arena);
    return good;
}

size_t network_hosts_lines(char *to, size_t size, const char *hostname) {
    size_t n = 0;
    for (uint32_t i = 0; i < hosts_count && n + 200 < size; i++) n += (size_t)snprintf(to + n, size - n, "%s\t%s\n", hosts_addresses[i], hostname);
    return n;
}
