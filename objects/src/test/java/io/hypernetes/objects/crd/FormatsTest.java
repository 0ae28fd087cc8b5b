package io.hypernetes.objects.crd;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What kube-openapi's `strfmt` takes for which format.
class FormatsTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            uri            | https://a.example.com:80/b?c=d e      | true
            uri            | https://{region}.example.com/          | false
            uri            | https://example.com/{id}/x y          | true
            uri            | http://user:pw@[::1]:8080/            | true
            uri            | http://[::1/                          | false
            uri            | http://a:port/                        | false
            uri            | http://a b/                           | false
            uri            | /path                                 | true
            uri            | //a/b                                 | true
            uri            | path                                  | false
            uri            | urn:isbn:1                            | true
            uri            | :a                                    | false
            uri            | /a%zz                                 | false
            uri            | *                                     | true
            byte           | YQ==                                  | true
            byte           | YQ                                    | false
            byte           | ``                                    | false
            mac            | 02:00:5e:10:00:00                     | true
            mac            | 02-00-5e-10-00-00-00-01               | true
            mac            | 0200.5e10.0000                        | true
            mac            | 02:00:5e:10:00                        | false
            mac            | 02:00-5e:10:00:00                     | false
            uuid4          | 6ba7b810-9dad-41d1-80b4-00c04fd430c8  | true
            uuid4          | 6ba7b810-9dad-11d1-80b4-00c04fd430c8  | false
            uuid3          | 6ba7b810-9dad-31d1-00b4-00c04fd430c8  | true
            uuid5          | 6ba7b810-9dad-51d1-00b4-00c04fd430c8  | false
            hexcolor       | #fff                                  | true
            hexcolor       | #ffff                                 | false
            bsonobjectid   | 507f1f77bcf86cd799439011              | true
            ssn            | 111-22-3333                           | true
            k8s-short-name | a-b                                   | true
            k8s-short-name | a.b                                   | false
            k8s-long-name  | a.b-c                                 | true
            k8s-long-name  | a..b                                  | false
            date-time      | 2026-01-01T00:00:00Z                  | true
            datetime       | noon                                  | false
            hostname       | a.example.com                         | true
            hostname       | 1a                                    | true
            hostname       | example.com.                          | false
            hostname       | a.b                                   | false
            hostname       | a_b                                   | false
            hostname       | bücher.example                        | true
            email          | a.b+c@example.com                     | true
            email          | Ann B. <a@b>                          | true
            email          | "a b"@c                               | true
            email          | a..b@c                                | false
            email          | a@b@c                                 | false
            email          | a@                                    | false
            email          | a b@c                                 | false
            rgbcolor       | rgb(0, 128 ,255)                      | true
            rgbcolor       | rgb(0,128,256)                        | false
            rgbcolor       | #fff                                  | false
            isbn           | 0-306-40615-2                         | true
            isbn           | 978-0-306-40615-7                     | true
            isbn           | 978-0-306-40615-8                     | false
            isbn10         | 097522980X                            | true
            isbn10         | 978-0-306-40615-7                     | false
            isbn13         | 0-306-40615-2                         | false
            creditcard     | 4111 1111 1111 1111                   | true
            creditcard     | 4111-1111-1111-1112                   | false
            creditcard     | 1234567812345670                      | false
            password       | ``                                    | true
            nonsense       | x                                     | true
            """)
    void textsHaveFormats(String format, String text, boolean expected) {
        assertThat(Formats.matches(format, text)).as(text).isEqualTo(expected);
    }
}
