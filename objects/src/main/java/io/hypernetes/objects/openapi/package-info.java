/// OpenAPI v3 documents, one a group-version, made from the kinds and the schema.
@NullMarked
package io.hypernetes.objects.openapi;

import org.jspecify.annotations.NullMarked;
