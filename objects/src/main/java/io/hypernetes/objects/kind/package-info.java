/// The kinds that are served: their place in the API and their defaults, validation, printer columns and selectable fields.
///
/// [Kinds] is the table; a [Kind] is one entry. One small rules class a kind holds what the schema cannot say.
@NullMarked
package io.hypernetes.objects.kind;

import org.jspecify.annotations.NullMarked;
