FROM moorage-lab/debian:12
RUN useradd --uid 1001 --create-home cnb && mkdir -p /cnb/lifecycle /platform/env && \
	install -d -o cnb -g cnb /layers /workspace
COPY lifecycle.pl /cnb/lifecycle/lifecycle.pl
COPY launcher.sh /cnb/lifecycle/launcher
COPY platform-apis /cnb/lifecycle/platform-apis
COPY order.toml /cnb/order.toml
COPY buildpacks/app /cnb/buildpacks/test_app/1.0.0
COPY buildpacks/page /cnb/buildpacks/test_page/2.1.0
RUN for phase in analyzer detector restorer builder exporter; do ln -s lifecycle.pl /cnb/lifecycle/$phase; done
ENV CNB_USER_ID=1001 CNB_GROUP_ID=1001 CNB_STACK_ID=moorage.test
USER cnb
ENTRYPOINT ["/bin/false"]
LABEL io.buildpacks.stack.id=moorage.test
LABEL io.buildpacks.buildpack.order="[{\"group\":[{\"id\":\"test/app\",\"version\":\"1.0.0\"}]},{\"group\":[{\"id\":\"test/page\",\"version\":\"2.1.0\"}]}]"
LABEL io.buildpacks.builder.metadata="{\"buildpacks\":[{\"id\":\"test/app\",\"version\":\"1.0.0\"},{\"id\":\"test/page\",\"version\":\"2.1.0\"}],\"stack\":{\"runImage\":{\"image\":\"moorage-lab/cnb-run:1\",\"mirrors\":[]}},\"lifecycle\":{\"version\":\"0.20.0\",\"apis\":{\"buildpack\":{\"deprecated\":[],\"supported\":[\"0.10\"]},\"platform\":{\"deprecated\":[\"0.8\"],\"supported\":[\"0.9\",\"0.12\",\"0.13\",\"0.14\"]}}}}"
