package io.hypernetes.kubelet.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RedirectTest {
    private static final URI FROM = URI.create("http://10.0.0.7:8080/a/health?full=1");

    @ParameterizedTest
    @CsvSource(delimiter = ' ', quoteCharacter = '\"', value = {
        "/login http://10.0.0.7:8080/login",
        "next http://10.0.0.7:8080/a/next",
        "?ready=1 http://10.0.0.7:8080/a/health?ready=1",
        "#top http://10.0.0.7:8080/a/health?full=1",
        "/x?y#z http://10.0.0.7:8080/x?y",
        "../../x http://10.0.0.7:8080/x",
        "./x/../y/. http://10.0.0.7:8080/a/y/",
        ".. http://10.0.0.7:8080/",
        "/b/c/.. http://10.0.0.7:8080/b/",
        "/login?next=a|b http://10.0.0.7:8080/login?next=a%7Cb",
        "\"/my page?a b\" http://10.0.0.7:8080/my%20page?a%20b",
        "/a\\b<>{}^` http://10.0.0.7:8080/a%5Cb%3C%3E%7B%7D%5E%60",
        "/caf\u00c3\u00a9 http://10.0.0.7:8080/caf%C3%A9",
        "/ok%20?50%&x=%zz http://10.0.0.7:8080/ok%20?50%25&x=%25zz",
        "/x?q=[1] http://10.0.0.7:8080/x?q=%5B1%5D",
        "//10.0.0.7/x http://10.0.0.7/x",
        "http://10.0.0.7 http://10.0.0.7/",
        "http://me:pw@10.0.0.7:9/x http://10.0.0.7:9/x",
        "HTTPS://10.0.0.7:/x https://10.0.0.7/x",
        "http://10.0.0.7:8080?q http://10.0.0.7:8080/?q",
        "/..//other/x http://10.0.0.7:8080//other/x"
    })
    void whatABrowserUnderstandsIsFollowed(String location, String to) throws IOException {
        assertThat(Redirect.follow(FROM, location).map(uri -> uri.toString().replaceFirst("^HTTPS", "https"))).contains(to);
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://elsewhere.example/", "//elsewhere.example", "http:///x", "http:/x", "mailto:me@example.com", "ftp://elsewhere.example/", "//10.0.0.7.example/"})
    void whatIsElsewhereIsNot(String location) throws IOException {
        assertThat(Redirect.follow(FROM, location)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        ":x", "1a:x", "/%zz", "/%", "/a\u0000b", "/a\tb", "http://10.0.0.7:http/", "http://10.0.0.7:65536/", "http://10.0.0.7:999999999999/", "http://10.0.0.7:-1/",
        "http://ten 7/", "http://[10.0.0.7/", "http://%zz/", "ftp://10.0.0.7/", "ftp://10.0.0.7:8080/x"})
    void whatIsNoAddressOrNoHttpIsAFailure(String location) {
        assertThatThrownBy(() -> Redirect.follow(FROM, location)).isInstanceOf(IOException.class);
    }

    @Test
    void whereAPodHasAnAddressOfTheNewKindItsPortIsFound() throws IOException {
        assertThat(Redirect.follow(URI.create("http://[fd00::7]:8080"), "x")).contains(URI.create("http://[fd00::7]:8080/x"));
        assertThat(Redirect.follow(URI.create("http://[fd00::7]:8080"), "http://[FD00::7]:81/x")).contains(URI.create("http://[fd00::7]:81/x"));
        assertThat(Redirect.follow(URI.create("http://10.0.0.7/\u00e9/x"), "y")).contains(URI.create("http://10.0.0.7/%C3%A9/y"));
    }

    /// No answer of a pod may make of a probe that failed one that could not be made.
    @Test
    void nothingElseIsThrown() {
        Random random = new Random(7);
        String letters = "ab:/?#[]@%2.\u00e9 |\\0:8\t";
        for (int i = 0; i < 100_000; i++) {
            StringBuilder location = new StringBuilder(i % 3 == 0 ? "http://10.0.0.7" : "");
            for (int length = random.nextInt(12); length > 0; length--) {
                location.append(letters.charAt(random.nextInt(letters.length())));
            }
            try {
                Redirect.follow(FROM, location.toString()).ifPresent(uri -> assertThat(uri.getHost()).as(location.toString()).isEqualTo("10.0.0.7"));
            } catch (IOException refused) {
                assertThat(refused).hasMessageNotContaining("null");
            }
        }
    }
}
