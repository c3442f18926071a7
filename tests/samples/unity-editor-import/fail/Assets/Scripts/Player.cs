using UnityEditor;
