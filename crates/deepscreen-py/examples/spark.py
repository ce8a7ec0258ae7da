"""Screens a folder of pictures on Spark: spark-submit spark.py FOLDER OUTPUT

Every machine needs deepscreen and pyarrow.
"""

import sys

from deepscreen import arrow
from pyspark.sql import SparkSession


def screen(batches):
    """Runs once for each partition: the models are loaded once for each. Spark gives it one processor."""
    return arrow.screen(batches, column="content", threads=1)


def main(folder: str, output: str) -> None:
    spark = SparkSession.builder.appName("deepscreen").getOrCreate()
    pictures = spark.read.format("binaryFile").option("recursiveFileLookup", True).load(folder)
    # Small batches: Spark holds one in memory for each processor, with the pictures in it.
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", 64)
    screened = pictures.select("path", "content").mapInArrow(screen, arrow.DDL)
    screened.write.mode("overwrite").parquet(output)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
