package io.hypernetes.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// What every driver must do.
public abstract class NetworkContract {

    /// The driver, as after a start of the engine; the test closes it.
    protected abstract Network open() throws Exception;

    /// Runs where the driver may change the host's network.
    protected abstract void inHost(Steps steps) throws Exception;

    /// Part of a test.
    public interface Steps {
        void run() throws Exception;
    }

    protected static AttachmentRequest request(String sandbox) {
        return new AttachmentRequest(sandbox, "acme", "default", "default", "web-" + sandbox);
    }

    @Test
    void attachmentsAreDistinctStayTheSameAndEnd() throws Exception {
        inHost(() -> {
            Attachment first;
            try (Network network = open()) {
                first = network.attach(request("a"));
                assertThat(network.attach(request("a"))).isEqualTo(first);
                Set<Object> seen = new HashSet<>(List.of(first.mac(), first.addresses().getFirst()));
                for (int i = 0; i < 20; i++) {
                    Attachment other = network.attach(request("b" + i));
                    assertThat(seen.add(other.mac())).isTrue();
                    assertThat(seen.add(other.addresses().getFirst())).isTrue();
                }
                assertThat(network.attachments()).hasSize(21).contains("a", "b0", "b19");
            }
            try (Network again = open()) {
                assertThat(again.attachments()).hasSize(21);
                assertThat(again.attach(request("a"))).isEqualTo(first);
                again.detach("a");
                again.detach("a");
                again.detach("never-attached");
                assertThat(again.attachments()).hasSize(20).doesNotContain("a");
                Attachment later = again.attach(request("c"));
                assertThat(later.addresses()).as("an address just given back is not given out at once").isNotEqualTo(first.addresses());
                for (String sandbox : again.attachments()) {
                    again.detach(sandbox);
                }
                assertThat(again.attachments()).isEmpty();
            }
        });
    }

    @Test
    void aTapIsGivenOnlyToWhomIsAttachedAndOnce() throws Exception {
        inHost(() -> {
            try (Network network = open()) {
                Attachment attachment = network.attach(request("a"));
                try (Network.Tap tap = network.openTap(attachment)) {
                    assertThat(tap.descriptor()).isGreaterThan(2);
                    assertThatThrownBy(() -> network.openTap(attachment))
                            .isInstanceOf(NetworkException.class)
                            .hasMessageContaining("another process");
                }
                network.openTap(attachment).close();
                network.detach("a");
                assertThatThrownBy(() -> network.openTap(attachment))
                        .isInstanceOf(NetworkException.class)
                        .hasMessageContaining("has no attachment");
            }
        });
    }
}
