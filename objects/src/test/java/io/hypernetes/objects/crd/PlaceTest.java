package io.hypernetes.objects.crd;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PlaceTest {
    @Test
    void aPlaceIsSpelledFromTheWholeOn() {
        assertThat(Place.of("")).hasToString("");
        assertThat(Place.of("").member("spec").member("parts").item(3).key("a.b")).hasToString("spec.parts[3][a.b]");
        assertThat(Place.of("").item(0).member("name")).hasToString("[0].name");
        assertThat(Place.of("schema").property("spec").member("items")).hasToString("schema.properties[spec].items");
    }
}
