// The standard gRPC health service in few bytes, which busybox has not: `health PORT` says of each service that it serves, unless there is a file /tmp/not-SERVICE.
// It reads no header, as only one thing is asked for.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DATA = 0, HEADERS = 1, SETTINGS = 4, PING = 6 };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4 };

static unsigned char body[16384];

static int take(int peer, void *into, size_t size) {
  return size == 0 || recv(peer, into, size, MSG_WAITALL) == (ssize_t) size;
}

static void tell(int peer, int type, int flags, const unsigned char *stream, const void *bytes, unsigned char size) {
  unsigned char frame[256] = {0, 0, size, type, flags};
  memcpy(frame + 5, stream, 4);
  memcpy(frame + 9, bytes, size);
  send(peer, frame, 9 + size, MSG_NOSIGNAL);
}

static void answer(int peer, const unsigned char *stream, const char *service) {
  static const char HEAD[] = "\x88\x0f\x10\x10" "application/grpc", TAIL[] = "\0\x0bgrpc-status\x01" "0";
  char file[300];
  snprintf(file, sizeof file, "/tmp/not-%s", service);
  unsigned char message[] = {0, 0, 0, 0, 2, 8, access(file, F_OK) == 0 ? 2 : 1};
  tell(peer, HEADERS, END_HEADERS, stream, HEAD, sizeof HEAD - 1);
  tell(peer, DATA, 0, stream, message, sizeof message);
  tell(peer, HEADERS, END_HEADERS | END_STREAM, stream, TAIL, sizeof TAIL - 1);
}

static void serve(int peer) {
  static const unsigned char CONNECTION[4];
  unsigned char head[9];
  if (!take(peer, body, sizeof "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" - 1)) return;
  tell(peer, SETTINGS, 0, CONNECTION, "", 0);
  while (take(peer, head, sizeof head)) {
    size_t size = head[0] << 16 | head[1] << 8 | head[2];
    if (size > sizeof body - 1 || !take(peer, body, size)) return;
    body[size] = 0;
    if ((head[3] == SETTINGS || head[3] == PING) && !(head[4] & ACK)) {
      tell(peer, head[3], ACK, CONNECTION, body, head[3] == PING ? 8 : 0);
    } else if (head[3] == DATA && head[4] & END_STREAM) {
      // A flag and a length come first, then the number of the one field, and its length.
      answer(peer, head + 5, size > 7 ? (char *) body + 7 : "");
    }
  }
}

int main(int count, char **words) {
  if (count < 2) return 64;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1]))};
  int door = socket(AF_INET, SOCK_STREAM, 0);
  /* The one before, which was killed, may have left connections that wait for their end. */
  int again = 1;
  setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &again, sizeof again);
  if (bind(door, (struct sockaddr *) &at, sizeof at) < 0 || listen(door, 8) < 0) {
    perror("health");
    return 1;
  }
  for (;;) {
    int peer = accept(door, NULL, NULL);
    serve(peer);
    close(peer);
  }
}
