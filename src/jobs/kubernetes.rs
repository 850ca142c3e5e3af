//! Kubernetes: an indexed job, and a job that merges; no shell is needed in the image.

use std::path::Path;

use super::{Job, json};
use crate::scenario::Diagnostics;

/// A config map holds no more.
const SOURCE_BYTES_MAX: usize = 1_000_000;

pub(super) fn manifest(job: &Job) -> Result<String, Diagnostics> {
    let Job { tasks, threads, folder_option, .. } = job;
    if let Some(file) = job.files.first() {
        let title = format!("the scenario names {file}, which no container has");
        let help = "put it into the image beside the scenario, and emit from there; or share a folder through Slurm or GNU parallel";
        return Err(Diagnostics::general(title, vec![help.to_owned()]));
    }
    if job.source.as_ref().is_some_and(|source| source.len() > SOURCE_BYTES_MAX) {
        let title = "the scenario is larger than a config map may be (1 MiB)".to_owned();
        return Err(Diagnostics::general(title, vec!["put it into the image".to_owned()]));
    }
    let (comment, estimate, label) = (job.comment(), job.estimate(), job.label());
    // The scenario is a file of the config map; everything else is as it was given.
    let file =
        Path::new(&job.words[0]).file_name().map_or("scenario.toml".into(), |name| name.to_string_lossy());
    let mut words = job.words.clone();
    let (mut config, mut mount, mut volume) = (String::new(), "", String::new());
    if let Some(source) = &job.source {
        let key: String = file
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' })
            .collect();
        words[0] = format!("/scenario/{key}");
        let (key, source) = (json(&key), json(source));
        config = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {label}\ndata:\n  {key}: {source}\n---\n"
        );
        mount = "            - { name: scenario, mountPath: /scenario }\n";
        volume = format!("        - {{ name: scenario, configMap: {{ name: {label} }} }}\n");
    }
    let list = |words: &[String]| words.iter().map(|word| json(word)).collect::<Vec<_>>().join(", ");
    let own = |more: &[&str]| -> Vec<String> { more.iter().map(|word| (*word).to_owned()).collect() };
    let shard = format!("auto/{tasks}");
    let threads_word = threads.to_string();
    let task: Vec<String> = own(&[&job.command])
        .into_iter()
        .chain(words)
        .chain(own(&["--shard", &shard, "--threads", &threads_word, folder_option, &job.folder, "--quiet"]))
        .collect();
    let merge = own(&["merge", &job.folder, "--quiet"]);
    let (task, merge, image) = (list(&task), list(&merge), json(&job.image));
    let (memory, merge_memory) = (job.mebibytes(), job.merge_mebibytes());
    Ok(format!(
        r#"# An indexed job of {tasks} pods, each with a part of
#   {comment}
# and a job that merges their journals. Submit it with `kubectl apply -f` and this file.
#
# Estimated: {estimate}; asked for is more.
# The report is in the volume, in {folder}; `kubectl cp` from any pod that mounts it brings it here.
{config}# Journals and report: a volume that all nodes may write.
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {label}
spec:
  accessModes: [ReadWriteMany]
  resources:
    requests:
      storage: 1Gi
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {label}
spec:
  completionMode: Indexed
  completions: {tasks}
  # As many at a time as the cluster has room for.
  parallelism: {tasks}
  # A pod that runs again goes on where it stopped: finished simulations are in its journal.
  backoffLimitPerIndex: 3
  template:
    spec:
      restartPolicy: Never
      # The image runs as this user.
      securityContext: {{ fsGroup: 65532 }}
      containers:
        - name: herdlab
          image: {image}
          workingDir: /herdlab
          args: [{task}]
          resources:
            requests: {{ cpu: "{threads}", memory: {memory}Mi }}
            limits: {{ memory: {memory}Mi }}
          volumeMounts:
            - {{ name: herdlab, mountPath: /herdlab }}
{mount}      volumes:
        - {{ name: herdlab, persistentVolumeClaim: {{ claimName: {label} }} }}
{volume}---
apiVersion: batch/v1
kind: Job
metadata:
  name: {label}-merge
spec:
  # Kubernetes has no job that waits for another: while shards are missing the merge ends with exit code 3 and is tried
  # again, at last every six minutes. Any other code is its result.
  backoffLimit: 1000
  podFailurePolicy:
    rules:
      - action: FailJob
        onExitCodes: {{ containerName: herdlab, operator: NotIn, values: [3] }}
  template:
    spec:
      restartPolicy: Never
      securityContext: {{ fsGroup: 65532 }}
      containers:
        - name: herdlab
          image: {image}
          workingDir: /herdlab
          args: [{merge}]
          resources:
            requests: {{ cpu: "1", memory: {merge_memory}Mi }}
            limits: {{ memory: {merge_memory}Mi }}
          volumeMounts:
            - {{ name: herdlab, mountPath: /herdlab }}
{mount}      volumes:
        - {{ name: herdlab, persistentVolumeClaim: {{ claimName: {label} }} }}
{volume}"#,
        folder = job.folder.replace('\n', " "),
    ))
}
