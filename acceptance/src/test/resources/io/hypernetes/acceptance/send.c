/* Sends frames as they are, on the interface that the first argument names: each line of standard input is one, in hexadecimal. Says how many. */
#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <sys/socket.h>

int main(int argc, char **argv) {
    int sent = 0, out = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
    struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = argc > 1 ? if_nametoindex(argv[1]) : 0};
    char line[4096];
    unsigned char frame[2048];
    while (fgets(line, sizeof line, stdin)) {
        int length = 0;
        for (char *at = line; length < (int) sizeof frame && sscanf(at, "%2hhx", frame + length) == 1; at += 2) length++;
        if (length == 0) continue;
        if (sendto(out, frame, length, 0, (struct sockaddr *) &to, sizeof to) != length) {
            perror("send");
            return 1;
        }
        sent++;
    }
    printf("%d\n", sent);
    return 0;
}
