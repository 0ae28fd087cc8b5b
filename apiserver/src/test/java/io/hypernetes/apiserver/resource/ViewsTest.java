package io.hypernetes.apiserver.resource;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.apiserver.request.Accepted;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.objects.kind.Table;
import io.hypernetes.objects.selector.FieldSelector;
import io.hypernetes.objects.selector.LabelSelector;
import java.util.List;
import org.junit.jupiter.api.Test;

class ViewsTest {
    private final Views views = new Views();
    private final Kind pods = Kinds.load().get("v1", "Pod");

    @Test
    void watchesThatAskForTheSameHaveOneView() {
        assertThat(views.of(asked("default", "app=web"))).isSameAs(views.of(asked("default", "app=web")));
    }

    @Test
    void whatIsAskedOtherwiseIsAnotherView() {
        var view = views.of(asked("default", "app=web"));
        assertThat(views.of(asked("other", "app=web"))).isNotSameAs(view);
        assertThat(views.of(asked("default", "app=db"))).isNotSameAs(view);
        assertThat(view.asked()).isEqualTo(asked("default", "app=web"));
    }

    private Views.Asked asked(String namespace, String labels) {
        var selection = new Selection(LabelSelector.parse(labels), FieldSelector.EVERYTHING, "");
        return new Views.Asked(pods, namespace, selection, Accepted.of(List.of("application/json")), Table.IncludeObject.METADATA, false, false);
    }
}
