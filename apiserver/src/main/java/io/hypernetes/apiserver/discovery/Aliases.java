package io.hypernetes.apiserver.discovery;

import io.hypernetes.objects.kind.ResourceType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/// Puts short names and categories into one document, as many as it has room for: each version of a kind has all of its definition, and one tenant's definitions,
/// stored before there was a bound for each or simply many of them, could else make a document larger than the memory. Kinds are found by their other names all the same.
///
/// Owned by who makes the document.
final class Aliases {
    /// Of a document: many times what the kinds of any cluster in use have.
    static final int MOST = 100_000;

    private static final Logger log = LoggerFactory.getLogger(Aliases.class);

    private int left = MOST;
    private boolean told;

    void tell(ObjectNode target, ResourceType type) {
        long count = (long) type.shortNames().size() + type.categories().size();
        if (count > left) {
            if (!told) {
                log.warn(
                        "event=discovery-cut first={} effect=\"its short names and categories, and those of kinds behind for which there is no room, are not told\" remedy=\"leave out versions, short names and categories of its CustomResourceDefinition\"",
                        type.resource() + "." + type.version() + "." + type.group());
                told = true;
            }
            return;
        }
        left -= (int) count;
        Legacy.words(target, "shortNames", type.shortNames());
        Legacy.words(target, "categories", type.categories());
    }
}
