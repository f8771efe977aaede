FROM moorage-lab/http:1
LABEL io.buildpacks.stack.id=moorage.test
ENV PATH=/bin:/sbin
USER 1002:1000
