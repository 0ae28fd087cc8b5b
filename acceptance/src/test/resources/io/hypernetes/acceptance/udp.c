// Datagrams, which busybox neither serves nor sends: `udp serve PORT` answers each with the name of its machine, `udp ask ADDRESS PORT` prints the answer to one.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int main(int count, char **words) {
  if (count < 3) return 64;
  int serve = strcmp(words[1], "serve") == 0;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(words[serve ? 2 : 3])), .sin_addr.s_addr = serve ? INADDR_ANY : inet_addr(words[2])};
  char text[256] = {0};
  int door = socket(AF_INET, SOCK_DGRAM, 0);
  if (!serve) {
    struct timeval patience = {.tv_sec = 2};
    setsockopt(door, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (sendto(door, "?", 1, 0, (struct sockaddr *) &at, sizeof at) < 0 || recv(door, text, sizeof text - 1, 0) < 0) {
      perror("udp");
      return 1;
    }
    puts(text);
    return 0;
  }
  if (bind(door, (struct sockaddr *) &at, sizeof at) < 0) {
    perror("udp");
    return 1;
  }
  for (;;) {
    struct sockaddr_in who;
    socklen_t size = sizeof who;
    if (recvfrom(door, text, sizeof text, 0, (struct sockaddr *) &who, &size) >= 0) {
      gethostname(text, sizeof text - 1);
      sendto(door, text, strlen(text), 0, (struct sockaddr *) &who, size);
    }
  }
}
