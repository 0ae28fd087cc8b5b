package io.hypernetes.hyperd.docker;

/// A volume at a place in a container.
///
/// @param volume its name; empty in what a client asks for: a new one without a name
/// @param destination absolute, without a slash at its end
/// @param copy whether an empty volume gets what the image has there
record VolumeMount(String volume, String destination, boolean readOnly, boolean copy) {
    VolumeMount of(String name) {
        return new VolumeMount(name, destination, readOnly, copy);
    }
}
