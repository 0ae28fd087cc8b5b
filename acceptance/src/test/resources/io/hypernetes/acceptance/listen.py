"""Says on which interfaces of this network namespace frames with a mark pass, in either direction, until standard input ends: a line for each, INTERFACE MARK."""
import select, socket, sys

marks = [mark.encode() for mark in sys.argv[1:]]
everything = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
everything.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
print("listening", flush=True)
while True:
    ready, _, _ = select.select([everything, sys.stdin], [], [])
    if everything in ready:
        frame, place = everything.recvfrom(65536)
        for mark in marks:
            if mark in frame:
                print(place[0], mark.decode(), flush=True)
    elif not sys.stdin.buffer.read1(1):
        break
