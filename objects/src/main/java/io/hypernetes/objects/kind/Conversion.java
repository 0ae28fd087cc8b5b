package io.hypernetes.objects.kind;

import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// How the objects of a custom kind pass from one of its versions to another. Thread-safe; may block.
public interface Conversion {
    /// For versions that differ in nothing but their names.
    Conversion RENAMING = (objects, to) -> {
        objects.forEach(object -> object.put("apiVersion", to));
        return objects;
    };

    /// The objects in the form of a version, in their order.
    ///
    /// @param objects of any versions but that one; they are given away
    /// @param to such as `stable.example.com/v2`
    /// @throws io.hypernetes.objects.ApiException when one cannot be had in that form
    List<ObjectNode> convert(List<ObjectNode> objects, String to);
}
