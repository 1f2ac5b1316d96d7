"""What runs are called and tagged by: dataset, editor and annotators."""

from prefect.client.orchestration import get_client
from prefect.runtime import deployment, flow_run

from kizu.spec import DatasetSpec


def run_name(spec: DatasetSpec) -> str:
    """Name a run.

    Example:
        >>> from kizu.spec import DatasetSpec
        >>> run_name(DatasetSpec.parse({"name": "mugs", "images": {"path": "photos"},
        ...     "defects": [{"defect_type": "crack", "prompt": "a crack"}]}))
        'build mugs: painter, grounding-dino+sam'
    """
    return f"build {spec.name}: {', '.join([spec.editor.name, *_annotators(spec)])}"


def dataset_tag(dataset: str) -> str:
    """Return the tag of a dataset's runs."""
    return f"dataset:{dataset}"


def tag_run(spec: DatasetSpec) -> None:
    """Tag the run of a deployment by what it builds, so that the UI can show those alike."""
    if deployment.id is None:
        return
    told = [
        dataset_tag(spec.name),
        f"editor:{spec.editor.name}",
        *(f"annotator:{name}" for name in _annotators(spec)),
    ]
    tags = dict.fromkeys([*flow_run.tags, *told])
    with get_client(sync_client=True) as client:
        client.update_flow_run(flow_run.id, tags=list(tags))


def _annotators(spec: DatasetSpec) -> list[str]:
    return [each.annotator for each in spec.grounding.annotators] or ["none"]
