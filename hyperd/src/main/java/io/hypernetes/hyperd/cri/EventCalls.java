package io.hypernetes.hyperd.cri;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.hypernetes.cri.v1.ContainerEventResponse;
import io.hypernetes.cri.v1.ContainerEventType;
import io.hypernetes.hyperd.event.ContainerEvent;
import io.hypernetes.hyperd.event.Events;
import io.hypernetes.hyperd.sandbox.Sandboxes;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/// Tells a client what happens to containers for as long as it listens. What it does not read waits in its follower's queue, which is
/// bounded: nothing is sent that the connection does not take, so a client that stands still costs no memory and is cut off at last.
final class EventCalls {
    private static final long POLL_MILLIS = 1_000;

    private final Events events;
    private final Function<ContainerEvent, ContainerEventResponse> view;

    EventCalls(Sandboxes sandboxes, Events events) {
        this(events, event -> view(sandboxes, event));
    }

    EventCalls(Events events, Function<ContainerEvent, ContainerEventResponse> view) {
        this.events = events;
        this.view = view;
    }

    /// Returns at once: the connection tells that it takes more only when the call is not being handled.
    void serve(ServerCallStreamObserver<ContainerEventResponse> client) {
        Semaphore ready = new Semaphore(0);
        client.setOnReadyHandler(ready::release);
        client.setOnCancelHandler(ready::release);
        Events.Follower follower = events.follow();
        Thread.ofVirtual().name("cri-events").start(() -> {
            try (follower) {
                pump(client, follower, ready);
            }
        });
    }

    private void pump(ServerCallStreamObserver<ContainerEventResponse> client, Events.Follower follower, Semaphore ready) {
        try {
            while (!client.isCancelled()) {
                if (!client.isReady()) {
                    // Asked again now and then, too: the call may end without a word.
                    ready.tryAcquire(POLL_MILLIS, TimeUnit.MILLISECONDS);
                    continue;
                }
                Optional<ContainerEvent> event = follower.next(POLL_MILLIS);
                if (event.isPresent() && !client.isCancelled()) {
                    client.onNext(view.apply(event.get()));
                }
            }
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            client.onError(Status.UNAVAILABLE.withDescription("hyperd is stopping").asRuntimeException());
        } catch (IllegalStateException cutOff) {
            client.onError(Status.DATA_LOSS.withDescription(cutOff.getMessage()).asRuntimeException());
        }
    }

    private static ContainerEventResponse view(Sandboxes sandboxes, ContainerEvent event) {
        ContainerEventResponse.Builder view = ContainerEventResponse.newBuilder()
                .setContainerId(event.containerId())
                .setContainerEventType(
                        switch (event.kind()) {
                            case CREATED -> ContainerEventType.CONTAINER_CREATED_EVENT;
                            case STARTED -> ContainerEventType.CONTAINER_STARTED_EVENT;
                            case STOPPED -> ContainerEventType.CONTAINER_STOPPED_EVENT;
                            case DELETED -> ContainerEventType.CONTAINER_DELETED_EVENT;
                        })
                .setCreatedAt(event.atNanos());
        sandboxes.find(event.sandboxId()).ifPresent(sandbox -> view.setPodSandboxStatus(Views.sandboxStatus(sandbox))
                .addAllContainersStatuses(sandbox.containers().stream().map(Views::containerStatus).toList()));
        return view.build();
    }
}
