package io.hypernetes.hyperd.cri;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.hypernetes.cri.v1.ContainerEventResponse;
import io.hypernetes.cri.v1.ContainerEventType;
import io.hypernetes.hyperd.event.ContainerEvent;
import io.hypernetes.hyperd.event.Events;
import io.hypernetes.hyperd.sandbox.Sandboxes;
import java.util.Optional;

/// Tells a client what happens to containers for as long as it listens.
final class EventCalls {
    private static final long POLL_MILLIS = 1_000;

    private final Sandboxes sandboxes;
    private final Events events;

    EventCalls(Sandboxes sandboxes, Events events) {
        this.sandboxes = sandboxes;
        this.events = events;
    }

    void serve(ServerCallStreamObserver<ContainerEventResponse> client) {
        // Without a handler a cancelled call would throw at the next event.
        client.setOnCancelHandler(() -> {});
        try (Events.Follower follower = events.follow()) {
            while (!client.isCancelled()) {
                Optional<ContainerEvent> event = follower.next(POLL_MILLIS);
                if (event.isPresent() && !client.isCancelled()) {
                    client.onNext(view(event.get()));
                }
            }
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            client.onError(Status.UNAVAILABLE.withDescription("hyperd is stopping").asRuntimeException());
        } catch (IllegalStateException cutOff) {
            client.onError(Status.DATA_LOSS.withDescription(cutOff.getMessage()).asRuntimeException());
        }
    }

    private ContainerEventResponse view(ContainerEvent event) {
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
