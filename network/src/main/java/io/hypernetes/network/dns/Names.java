package io.hypernetes.network.dns;

import java.net.InetSocketAddress;
import java.util.List;

/// What one asker may know at one instant.
public interface Names {

    /// @param name lower case, without the dot at its end
    /// @param type as [Query#type]
    Found find(String name, int type);

    /// The same, of which nobody is told more than so many bytes of records: what is beyond may be left out, but for one record, by which the answer is seen to be cut.
    ///
    /// @param most bytes
    default Found find(String name, int type, int most) {
        return find(name, type);
    }

    /// Who is asked for what is elsewhere, in turn; empty for the host's own resolvers.
    default List<InetSocketAddress> resolvers() {
        return List.of();
    }

    /// What is known of a name.
    sealed interface Found {
        /// An answer, with or without records.
        record Here(Reply reply) implements Found {}

        /// Another name that stands for it: to be looked up, wherever it is.
        record Alias(String target) implements Found {}

        /// Not ours to know.
        record Elsewhere() implements Found {}
    }
}
