/// How long things take: timelines of steps that are kept beside what they belong to, exported by OTLP when that is asked for, and
/// metrics in Prometheus' form.
@NullMarked
package io.hypernetes.telemetry;

import org.jspecify.annotations.NullMarked;
