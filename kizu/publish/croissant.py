"""The tables of a version as Croissant describes them: https://docs.mlcommons.org/croissant."""

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa

from kizu.publish.schemas import TABLES
from kizu.stages.columns import told

_TYPES: Final[Mapping[pa.DataType, str]] = {
    pa.string(): "sc:Text",
    pa.int64(): "sc:Integer",
    pa.float64(): "sc:Float",
    pa.bool_(): "sc:Boolean",
}

_OF_CROISSANT: Final = (
    "citeAs",
    "column",
    "equivalentProperty",
    "extract",
    "field",
    "fileObject",
    "fileProperty",
    "fileSet",
    "format",
    "includes",
    "isLiveDataset",
    "jsonPath",
    "key",
    "md5",
    "parentField",
    "path",
    "recordSet",
    "references",
    "regex",
    "repeated",
    "replace",
    "samplingRate",
    "separator",
    "source",
    "subField",
    "transform",
)
"""Words of the vocabulary, which stand for themselves."""

_CONTEXT: Final[Mapping[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{word: f"cr:{word}" for word in _OF_CROISSANT},
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}


def croissant(
    dataset: str, version: str, description: str, licence: str, digests: Mapping[str, str]
) -> dict[str, Any]:
    """Describe a version's tables in JSON-LD; paths begin at the version's folder.

    Args:
        dataset: The dataset's name.
        version: The version's.
        description: One sentence about it.
        licence: Under which licence it may be used; empty where none is stated.
        digests: SHA-256 of the tables' files, by table name.
    """
    return {
        "@context": dict(_CONTEXT),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": dataset,
        "description": description,
        **({"license": licence} if licence else {}),
        "url": f"urn:kizu:{dataset}:{version}",
        "version": f"0.0.0+{version}",
        "distribution": [_file(table, sha256) for table, sha256 in digests.items()],
        "recordSet": [_record_set(table) for table in digests],
    }


def _file(table: str, sha256: str) -> dict[str, str]:
    return {
        "@type": "cr:FileObject",
        "@id": f"{table}.parquet",
        "name": f"{table}.parquet",
        "contentUrl": f"{table}.parquet",
        "encodingFormat": "application/x-parquet",
        "sha256": sha256,
    }


def _record_set(table: str) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": table,
        "name": table,
        "field": [_field(table, column) for column in TABLES[table]],
    }


def _field(table: str, column: pa.Field) -> dict[str, Any]:
    is_list = pa.types.is_list(column.type)
    return {
        "@type": "cr:Field",
        "@id": f"{table}/{column.name}",
        "name": column.name,
        "description": told(column, "description"),
        "dataType": _TYPES[column.type.value_type if is_list else column.type],
        **({"repeated": True} if is_list else {}),
        "source": {
            "fileObject": {"@id": f"{table}.parquet"},
            "extract": {"column": column.name},
        },
    }
