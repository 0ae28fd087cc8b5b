package io.hypernetes.guest;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// Requests that wait for their answers.
final class Exchange {
    /// Requests whose answers came too late or never; a guest that owes as many is not worth talking to.
    private static final int MAX_ABANDONED = 1_024;

    private final Map<Integer, Pending> pending = new HashMap<>();
    private final Set<Integer> abandoned = new HashSet<>();
    private int lastId;
    private @Nullable GuestException ended;

    /// @param answer completes with the answer, or fails with the session's GuestException
    record Pending(int id, int type, CompletableFuture<Answer> answer) {}

    record Answer(int type, Message message) {}

    synchronized Pending begin(String tried, int type) {
        if (ended != null) {
            throw ended.again(tried);
        }
        do {
            lastId++;
        } while (lastId == 0 || pending.containsKey(lastId) || abandoned.contains(lastId));
        Pending request = new Pending(lastId, type, new CompletableFuture<>());
        pending.put(lastId, request);
        return request;
    }

    /// The caller does not wait any more; the answer may still come.
    synchronized void abandon(Pending request, boolean wasSent) {
        if (pending.remove(request.id) != null && wasSent) {
            abandoned.add(request.id);
            if (abandoned.size() > MAX_ABANDONED) {
                throw GuestException.protocol("more than " + MAX_ABANDONED + " requests without an answer");
            }
        }
    }

    /// Whether an answer of that type may come to that request.
    ///
    /// @throws GuestException when not
    synchronized void expect(int id, int type) {
        Pending request = pending.get(id);
        if (request == null && !abandoned.contains(id)) {
            throw GuestException.protocol("an answer to request " + Integer.toUnsignedString(id) + ", which nobody waits for");
        }
        if (request != null && type != FrameType.ERROR && type != FrameType.ANSWER + request.type) {
            throw GuestException.protocol("an answer of type " + type + " to a request of type " + request.type);
        }
    }

    void answered(int id, int type, Message message) {
        Pending request;
        synchronized (this) {
            expect(id, type);
            abandoned.remove(id);
            request = pending.remove(id);
        }
        if (request != null) {
            request.answer.complete(new Answer(type, message));
        }
    }

    synchronized void end(GuestException why) {
        ended = why;
        pending.values().forEach(request -> request.answer.completeExceptionally(why));
        pending.clear();
    }
}
