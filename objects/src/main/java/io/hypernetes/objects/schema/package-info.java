/// The shape of every API type, read from a table: fields, list and map semantics, strict decoding.
@NullMarked
package io.hypernetes.objects.schema;

import org.jspecify.annotations.NullMarked;
