"""When things run: the Prefect shell. Holds no rule of the business; without it `jid run` does the same job."""
